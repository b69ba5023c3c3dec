"""The queue of jobs: which pool of processes does which, who is next, and what came out."""
