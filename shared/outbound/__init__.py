"""Calls to addresses that callers name: only where the operator lets them go, and signed so that the receiver knows us."""
