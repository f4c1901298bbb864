"""Words, numbers, tables and figures, escaped for where they go."""
