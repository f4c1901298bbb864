"""SentEval's classifiers and protocol."""
