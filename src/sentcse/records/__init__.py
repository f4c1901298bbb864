"""The layout of runs and sweeps on disk: names, keys and formats, on which who writes and who reads agree."""
