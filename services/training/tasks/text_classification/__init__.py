"""Text classification as a task: one label of several, or any number of them."""
