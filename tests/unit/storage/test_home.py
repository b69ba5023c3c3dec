"""Folders in the data folder are for this user's eyes; one that is there keeps its mode."""

import os

import pytest

from vae_core.storage.home import incoming, make_folder, write_whole

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no modes there")


def mode(path):
    return path.stat().st_mode & 0o777


def test_new_folders_are_for_nobody_else(tmp_path):
    home = tmp_path / "new" / "home"
    write_whole(home / "owners" / "one" / "models" / "a.safetensors", b"")
    incoming(home, ".x")
    folders = [home.parent, *(path for path in home.parent.rglob("*") if path.is_dir())]
    assert len(folders) == 6
    assert {mode(path) for path in folders} == {0o700}


def test_a_home_that_is_there_keeps_its_mode(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    make_folder(home / "owners")
    assert (mode(home), mode(home / "owners")) == (0o755, 0o700)
