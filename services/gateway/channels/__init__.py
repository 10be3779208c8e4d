"""Channels of customers: their settings, their doors, and the turns that are asked for from there."""
