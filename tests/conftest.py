"""Settings that hold for all tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, NoReturn

import joblib
import pytest
from hypothesis import settings

# It asks another program for the number of cores, once: not in the test that happens to come first.
joblib.cpu_count(only_physical_cores=True)

# No test is timed, and the same commit gives the same examples everywhere.
settings.register_profile("here", deadline=None, derandomize=True, database=None)
settings.load_profile("here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Refuse a new process to every test that is not marked `process`: `make check` leaves those out."""
    if item.get_closest_marker("process") or "tests/unit" not in item.path.as_posix():
        return (yield)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a test that starts a process is marked `process`")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        patch.setattr(subprocess.Popen, "__del__", lambda _: None)
        return (yield)
