"""Labelled spans as tags of tokens, for every task that learns them."""
