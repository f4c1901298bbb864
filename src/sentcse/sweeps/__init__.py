"""Many jobs: planned, launched, watched, continued."""
