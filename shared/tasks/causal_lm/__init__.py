"""Going on with texts, one token after the other."""
