"""Accuracy on the transfer tasks: SentEval's classifiers, and how their rows are divided."""
