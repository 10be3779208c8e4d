"""Models that write, ours and those of engines elsewhere: each answers a request through its emitter."""
