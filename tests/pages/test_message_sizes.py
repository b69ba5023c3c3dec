"""What goes over Streamlit's socket: one limit holds for all of it, and ours stays far below."""

from __future__ import annotations

import json
import tomllib

import pytest
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from tests.pages.stand_ins import ROOT, App, FakeEngine, FakeExplorer, write_model
from ui.explorer.component import LOADER
from ui.library.library import Library
from ui.models.figures import training_figure
from ui.page.navigation import PLACES
from ui.page.urls import style_sheets
from ui.web.sockets import shown, stream
from vae_core import ModelConfig
from vae_core.bundles.history import MAX_HISTORY_BYTES
from vae_core.config.families import FAMILIES

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
LIMIT = CONFIG["server"]["maxMessageSize"] * 1_000_000


def test_the_limit_is_four_megabytes() -> None:
    assert CONFIG["server"]["maxMessageSize"] == 4


def test_no_page_sends_a_message_of_half_the_limit(
    app: App, engine: FakeEngine, component: FakeExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    enqueue = ForwardMsgQueue.enqueue

    def note(queue: ForwardMsgQueue, message: object) -> None:
        sizes.append(message.ByteSize())  # type: ignore[attr-defined]
        enqueue(queue, message)  # type: ignore[arg-type]

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", note)
    app.open("models")
    library = Library(app.test.session_state["_latent_owner"])
    for number in range(50):
        write_model(library.path_for_new("x" * 200), ModelConfig(), title=f"{number} " + "Ü" * 190)
    for place in PLACES:
        app.go(place.name)
    app.go("train").click("train_start")
    assert len(sizes) > 100
    assert max(sizes) < LIMIT / 2


def test_neither_does_the_component_nor_the_longest_history() -> None:
    styles = sum(path.stat().st_size for path in style_sheets())
    assert styles + len(LOADER) < LIMIT / 2
    names = ("log_likelihood", "kl", "test_log_likelihood", "test_kl")
    one = {"epoch": 1 / 7} | dict.fromkeys(names, -100 / 3)
    history = [one] * (MAX_HISTORY_BYTES // len(json.dumps(one)))
    assert len(training_figure(history, FAMILIES["vae"]).to_json()) < LIMIT / 2


def test_what_browsers_say_on_our_own_sockets_is_far_smaller() -> None:
    assert max(stream.MAX_TEXT, shown.MAX_TEXT) < LIMIT / 2
