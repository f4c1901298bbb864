"""What the figures in docs/ are made with."""
