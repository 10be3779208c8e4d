"""The training loop and what it needs: the recipe, checkpoints, the device. It knows no task."""
