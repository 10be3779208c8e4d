"""Where the curves of a job go besides its events: one file a tracker, and ``tracking``, which feeds them."""
