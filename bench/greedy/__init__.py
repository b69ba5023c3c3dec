"""Thirty who press everything, and what else a server meets that is valid and too much."""
