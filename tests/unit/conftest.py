"""What several files share: an engine whose workers have one thread each, a computer without other sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vae_core.engine import Engine
from vae_core.images import downloads


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose engine has real workers as those that start processes."""
    for item in items:
        if "one_thread" in getattr(item, "fixturenames", ()):
            item.add_marker("process")


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let workers that start from now on take one thread and their full share of the processor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_THREADS", "1")
        patch.setenv("LATENT_NICE", "0")
        yield


@pytest.fixture(scope="module")
def engine(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with real worker processes."""
    found = Engine(tmp_path_factory.mktemp("home"))
    yield found
    found.close()


@pytest.fixture
def no_other_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every test see the same computer: nothing downloaded, and no files of Debian's package."""
    without = {name: vars(wanted) | {"elsewhere": ()} for name, wanted in downloads.DOWNLOADABLE.items()}
    for name, fields in without.items():
        monkeypatch.setitem(downloads.DOWNLOADABLE, name, downloads.Downloadable(**fields))
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
