"""Parts of networks: pooling, heads, attention, dropout, masking."""
