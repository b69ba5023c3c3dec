"""Codes of images, walks between them, directions among them, and maps of them in the plane."""
