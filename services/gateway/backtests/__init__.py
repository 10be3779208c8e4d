"""Back-tests: when rules would have fired on what a stream has counted."""
