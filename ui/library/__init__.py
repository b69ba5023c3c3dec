"""The models of a browser and the links to them, and the boxes in which links are shared."""
