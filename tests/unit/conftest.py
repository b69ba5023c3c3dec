"""What the engine's tests share: one engine for each file, its workers on one thread each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vae_core.engine import Engine


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
