"""SentEval's transfer tasks: sentence classification with a logistic regression on frozen vectors."""
