"""Speech written down, and texts spoken."""
