"""Nets as data: kinds of layers, lists of them, and how these stand in a file. Plain Python, no torch."""
