"""Ways to a worker process: pipes, starting, ending, starting again."""
