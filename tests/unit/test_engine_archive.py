"""Runs on disk."""

import os

from vae_core.engine.archive import Archive


def test_what_is_left_of_runs_that_could_not_be_begun_goes(tmp_path):
    left, fresh = (tmp_path / "owners" / "a" / "runs" / (name * 32) for name in "01")
    for folder in (left, fresh):  # a full disk leaves no record, but what was written before
        folder.mkdir(parents=True)
        (folder / "origin.safetensors").write_bytes(b"")
    os.utime(left, (1, 1))
    Archive(tmp_path).sweep()
    assert (left.exists(), fresh.exists()) == (False, True)
