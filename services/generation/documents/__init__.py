"""Files as text, and text as chunks: pure, without broker, database or settings."""
