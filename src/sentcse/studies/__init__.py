"""Many runs together: sweeps, what became of their jobs, comparisons."""
