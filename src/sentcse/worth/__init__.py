"""Is training worth it? A corpus looked at, methods tried on a part of it, compared with the start, told in words."""
