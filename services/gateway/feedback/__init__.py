"""What people think of answers, and the training rows that come of it."""
