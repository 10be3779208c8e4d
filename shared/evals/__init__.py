"""Graders, the rows that they grade, and figures: what runs of evals and the gate of a promotion share."""
