"""A run that is kept: its record on disk, its keyframes, its changes and its branches."""
