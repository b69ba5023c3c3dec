"""What can be set: a model's and a training's settings, with their ranges; no torch."""
