"""Pictures and sounds of customers, read by processes that can be ended; speech through declared engines."""
