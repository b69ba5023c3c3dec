"""The Server page: everything for whoever runs the server, one sentence for everyone else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.pages.stand_ins import App, FakeEngine
from ui.identity import locality, operator, presence
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo
from vae_core.storage.home import latent_home


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator, "is_local", lambda: False)
    monkeypatch.setattr(operator, "PAUSE_SECONDS", 0.0)
    monkeypatch.delenv(operator.KEY, raising=False)


def run(**more: Any) -> RunInfo:
    made = RunInfo("r" * 32, "abcdef0123", "running", "secret title", "mnist", ModelConfig(), TrainConfig())
    return replace(made, **more)


def test_whoever_runs_the_server_sees_and_stops_runs(app: App, engine: FakeEngine) -> None:
    engine.everyone = [run(), run(id="q" * 32, state="queued", place=1), run(id="p" * 32, state="parked")]
    app.open("server")
    values = {metric.label: metric.value for metric in app.test.metric}
    assert (values["Training"], values["In line"]) == ("1", "1")
    assert "abcdef" in app.text
    assert "secret title" not in app.text
    app.click(f"server_park_{'r' * 32}").click(f"server_stop_{'q' * 32}")
    assert engine.asked == [("park_any", "r" * 32), ("stop_any", "q" * 32)]
    assert "LATENT_MAX_ACTIVE" in app.said


def test_who_has_a_page_open_is_here(app: App, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_SESSIONS", {})
    assert not presence.is_here("abcdef0123")
    app.open("models")
    (session,) = presence.sessions()
    assert presence.is_here(session.owner)
    assert not presence.is_here("abcdef0123")


def test_everyone_else_sees_one_sentence(app: App, engine: FakeEngine, away: None) -> None:
    engine.everyone = [run()]
    app.open("server")
    assert "for whoever runs the server" in app.said
    assert not app.test.metric
    assert "abcdef" not in app.text
    assert not [button for button in app.test.button if str(button.key).startswith("server_")]
    assert not app.test.text_input  # there is no key to give


def test_the_key_opens_it_and_a_wrong_one_does_not(
    app: App, engine: FakeEngine, away: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(operator.KEY, "mellon-1234")
    app.open("server")
    for wrong in ("", "mellon", "mellon-1234 ", "ключ"):
        app.test.text_input(key="server_key").input(wrong)
        app.click("server_open")
        assert not app.test.metric
        assert "not the key" in app.said
    app.test.text_input(key="server_key").input("mellon-1234")
    app.click("server_open")
    assert app.test.metric
    (kept,) = (latent_home() / "admitted").iterdir()  # it outlives a restart,
    assert "mellon" not in kept.name
    monkeypatch.setenv(operator.KEY, "another-5678")
    assert not app.run().test.metric  # but not another key
    monkeypatch.delenv(operator.KEY)
    assert not app.run().test.metric


def test_a_key_that_comes_too_soon_after_a_wrong_one_is_not_looked_at(
    app: App, engine: FakeEngine, away: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(operator.KEY, "mellon-1234")
    monkeypatch.setattr(operator, "PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(operator, "_wrong_at", 0.0)
    clock = {}
    monkeypatch.setattr(operator, "monotonic", lambda: clock["now"])
    app.open("server")
    for clock["now"], given, said in (
        (100.0, "wrong", "not the key"),
        (100.4, "mellon-1234", "Try again in a second"),
        (100.4, "another", "Try again in a second"),
        (100.6, "mellon-1234", ""),  # tries that were not looked at put nothing off
    ):
        app.test.text_input(key="server_key").input(given)
        app.click("server_open")
        assert said in app.said
        assert bool(app.test.metric) is not bool(said)


def test_where_something_forwards_nobody_counts_as_local(
    app: App, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.open("server")
    assert "LATENT_LOCAL_ADMIN=0" in app.said
    assert app.test.metric
    monkeypatch.setenv(locality.LOCAL_ADMIN, "0")
    monkeypatch.delenv(operator.KEY, raising=False)
    app.run()
    assert not app.test.metric
    assert "start the server with a key in LATENT_ADMIN_KEY" in app.said
    assert "own machine" not in app.said
    assert not locality.downloads_allowed()
    monkeypatch.setenv(operator.KEY, "mellon-1234")
    monkeypatch.setattr(operator, "PAUSE_SECONDS", 0.0)
    app.run().test.text_input(key="server_key").input("mellon-1234")
    app.click("server_open")
    assert app.test.metric


def test_no_key_is_no_key(away: None) -> None:
    assert not operator.admit("")


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        (None, {"Host": "localhost:8501"}, True),
        (None, {"Host": "127.0.0.1:8501"}, True),
        (None, {"Host": "[::1]:8501"}, True),
        (None, {}, True),
        ("::ffff:127.0.0.1", {"Host": "127.0.0.1:8501"}, True),  # listening on all addresses
        ("192.168.1.7", {"Host": "localhost:8501"}, False),
        ("::ffff:192.168.1.7", {"Host": "localhost:8501"}, False),
        ("nonsense", {"Host": "localhost:8501"}, False),
        (None, {"Host": "evil.example"}, False),
        (None, {"Host": "localhost.evil.example"}, False),
        (None, {"Host": "localhost:8501", "Origin": "http://localhost:8501"}, True),
        (None, {"Host": "127.0.0.1:8501", "Origin": "https://class.example"}, False),  # nginx as it comes
        (None, {"Host": "127.0.0.1:8501", "Origin": "null"}, False),
        *(
            (None, {"Host": "localhost", name: "127.0.0.1"}, False)
            for name in (
                "X-Forwarded-For",
                "x-forwarded-proto",
                "Forwarded",
                "Via",
                "X-Real-IP",
                "CF-Connecting-IP",
            )
        ),
    ],
)
def test_a_forwarded_request_never_counts_as_local(
    monkeypatch: pytest.MonkeyPatch, address: str | None, headers: dict[str, str], local: bool
) -> None:
    monkeypatch.setattr(locality.st, "context", SimpleNamespace(ip_address=address, headers=headers))
    assert locality.is_local() is local
