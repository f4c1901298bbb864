"""What is scored: task files read, pairs and classes."""
