"""Customers: what is remembered of those who consented, told, merged and deleted."""
