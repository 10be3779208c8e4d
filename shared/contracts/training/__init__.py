"""Jobs: the object that a team submits, its tasks, tunings and objectives, and what a trained model is asked."""
