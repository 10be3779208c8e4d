"""Trials of a job's numbers: what is tried next, when one is given up, which was best."""
