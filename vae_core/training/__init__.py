"""A training, without any process around it: batches, steps, measuring, and its state on disk."""
