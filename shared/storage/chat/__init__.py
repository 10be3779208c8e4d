"""Repositories of conversations, customers, and what surrounds them."""
