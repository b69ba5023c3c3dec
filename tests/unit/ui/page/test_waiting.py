"""A page that has waited long for its turn says so, now and then."""

from __future__ import annotations

from typing import Any

import pytest

from ui.page import waiting


def test_it_is_said_of_long_waits_and_not_at_every_press(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    session: dict[str, Any] = {}
    now = 0.0
    monkeypatch.setattr(waiting.st, "toast", lambda text, **_: said.append(text))
    monkeypatch.setattr(waiting.st, "session_state", session)
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now)
    waiting.say_waited(0.3)
    assert not said
    waiting.say_waited(2.34)
    assert "waited 2.3 s" in said[0]
    now = waiting.SELDOM - 1
    waiting.say_waited(5.0)
    assert len(said) == 1
    now = waiting.SELDOM
    waiting.say_waited(5.0)
    assert len(said) == 2
