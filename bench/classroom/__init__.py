"""A class at once: `python -m bench.classroom`."""
