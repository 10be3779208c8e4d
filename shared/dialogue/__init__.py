"""What a bot answers: pure rules over a bot file, a dialogue state and what a model understood.

Generation runs them for customers; a training job runs them to judge a model by whole dialogues.
"""
