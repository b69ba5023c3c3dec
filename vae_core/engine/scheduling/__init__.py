"""Which runs train, which wait, which are in memory, and how one is saved."""
