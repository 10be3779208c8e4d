"""Language models that write: many texts at once, each as if it were alone.

Pure: no broker, no database, no environment. The generation service streams through it, and whoever evaluates a decoder
measures through the same steps.
"""
