"""Mail as a channel: whose it is, what of it is new, who wrote it, and what an answer looks like."""
