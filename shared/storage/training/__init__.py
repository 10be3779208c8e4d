"""Repositories of files, jobs, models, and of the labels that come back."""
