"""A bundle: one file that holds a trained model, sample images, their map and what was measured."""
