"""From files or the hub to batches: corpus, low-shot splits, token cache, batch order, DataModule. Knows no model."""
