"""Repositories of vector stores and catalogs."""
