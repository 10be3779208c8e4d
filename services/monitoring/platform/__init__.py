"""The platform watches itself: broker and queues, sources and channels, and what its models are asked."""
