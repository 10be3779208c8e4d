"""What the gateway, training and serving all know of a task: one room each."""
