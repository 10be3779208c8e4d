"""Readers of the values that flows collect: dates, amounts, choices and the like."""
