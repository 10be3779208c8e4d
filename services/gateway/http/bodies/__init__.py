"""What is read and written: JSON, its lines, forms and events, within limits and by schema."""
