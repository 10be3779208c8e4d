"""From a delivery to its handler, and to its settlement."""
