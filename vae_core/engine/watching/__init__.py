"""Who watches a run, and what they are sent."""
