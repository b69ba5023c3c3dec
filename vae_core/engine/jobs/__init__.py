"""The queue of jobs: who is next in which lane, and what came out."""
