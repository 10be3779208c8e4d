"""Alerts, and the sentiment trends behind them, with a stream of what is new."""
