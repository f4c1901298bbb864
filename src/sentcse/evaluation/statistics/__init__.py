"""What a score is worth: intervals, seeds, comparisons, published rows."""
