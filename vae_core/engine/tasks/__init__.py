"""What jobs do: each a function with JSON-able arguments, run in a worker process."""
