"""The families, one file each: how each one computes. What each has stands in `vae_core.config.families`."""
