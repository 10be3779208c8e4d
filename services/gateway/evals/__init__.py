"""Evals: what models answer to rows, and how good that is."""
