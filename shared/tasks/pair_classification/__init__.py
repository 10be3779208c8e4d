"""Pairs of texts: which label each pair has, or how much of something, from 0 to 1."""
