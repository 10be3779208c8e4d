"""Surge detection: series of counts in, p-values and findings out. Pure; time is an argument, nothing is kept between two calls."""
