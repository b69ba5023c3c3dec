"""What the app sees of runs and jobs, what they may take, and how failures are said."""
