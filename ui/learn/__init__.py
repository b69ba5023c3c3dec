"""Learn: lessons read from text files, checked at the start, and what they ask of the engine."""
