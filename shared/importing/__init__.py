"""Labelled data in the formats that people have it in: read into our rows, and written out of them."""
