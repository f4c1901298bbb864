"""One training run: built from a configuration, resumable, scored and exported."""
