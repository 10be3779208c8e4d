"""What is wrong with a text: by a model of the team's, and by rules for what rules can see."""
