"""What guards saw in turns, for people to look at."""
