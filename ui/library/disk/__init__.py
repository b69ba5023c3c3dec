"""A browser's drawings on disk, images on their way to it, and what there is room for."""
