"""Inside a worker process: `python -m vae_core.engine.worker` trains runs or does jobs."""
