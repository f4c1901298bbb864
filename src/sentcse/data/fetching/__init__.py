"""What comes from outside: where it lies, fetched, verified."""
