"""Labelled data files: what a row is, and how a file of them is read and judged."""
