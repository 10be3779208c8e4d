"""Texts as other people might have written them, with the spans in them moved right."""
