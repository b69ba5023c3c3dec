"""Sharing on the pages: the links, what they open, and what they never do."""

from __future__ import annotations

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer, write_model
from ui.identity.owner import new_owner
from ui.library import links
from ui.library.library import Library
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo
from vae_core.storage.home import owner_hash


@pytest.fixture
def owner() -> str:
    return new_owner()


def model(owner: str, title: str = "Theirs") -> str:
    path = Library(owner).path_for_new(title)
    write_model(path, ModelConfig(), title=title)
    return path.stem


def run(owner: str) -> RunInfo:
    return RunInfo("run-9", owner_hash(owner), "running", "Theirs", "mnist", ModelConfig(), TrainConfig())


def test_a_shared_model_opens_read_only(app: App, component: FakeExplorer, owner: str) -> None:
    token = links.share(owner, "model", model(owner)).token
    app.open("explore", shared=token)
    told = component.told[-1]
    assert told["entry"].title == "Theirs"
    assert told["entry"].url.startswith(f"/latent/shared/{token}/")
    assert "Someone shared this model" in app.said
    app.click("shared_keep")
    assert "Among your models" in app.said
    assert [entry.title for entry in Library(owner).models() if not entry.shipped] == ["Theirs"]


def test_a_stale_page_keeps_no_copy_of_what_is_no_longer_shared(app: App, owner: str) -> None:
    name = model(owner)
    token = links.share(owner, "model", name).token
    app.open("explore", shared=token)
    links.stop_sharing(owner, "model", name)
    app.click("shared_keep")
    assert "leads to no model" in app.said
    mine = Library(app.test.session_state["_latent_owner"])
    assert all(entry.shipped for entry in mine.models())


def test_a_stale_page_shares_nothing_that_only_bears_the_name(app: App) -> None:
    app.open("models")
    mine = app.test.session_state["_latent_owner"]
    name = model(mine, "Mine")
    app.run().click(f"models_share_{name}")
    write_model(Library(mine).get(name).path, ModelConfig(latent_dim=3), title="Another")
    app.click("share_model")
    assert links.shared(mine, "model", name) is None
    said = app.test.session_state["share_refused"]  # only a browser draws the dialog again
    assert "has changed since the page was drawn" in said


def test_anothers_model_is_not_opened_by_its_name(app: App, component: FakeExplorer, owner: str) -> None:
    app.open("explore", explore_model=model(owner))
    assert component.told[-1]["entry"].name == "mnist-2"


@pytest.mark.parametrize("token", ["", "theirs", "x" * 32, "../../theirs"])
def test_a_link_that_leads_nowhere_says_so(app: App, component: FakeExplorer, owner: str, token: str) -> None:
    model(owner)
    app.open("explore", shared=token)
    assert component.told[-1]["entry"].name == "mnist-2"
    assert "leads to no model" in app.said


def test_a_run_is_watched_and_cannot_be_steered(
    app: App, engine: FakeEngine, component: FakeExplorer, owner: str
) -> None:
    engine.others = run(owner)
    token = links.share(owner, "run", "run-9").token
    app.open("train", watch=token)
    assert component.told[-1]["watch"] == token
    assert component.told[-1]["run"] is engine.others
    assert not [button.key for button in app.test.button if str(button.key).startswith("train_")]
    assert not app.test.number_input
    assert not engine.asked


def test_a_runs_id_is_no_link(app: App, engine: FakeEngine, component: FakeExplorer, owner: str) -> None:
    engine.others = run(owner)
    app.open("train", watch="run-9")
    assert "leads to no run" in app.said
    assert not component.told


def test_sharing_a_run_and_taking_it_back(app: App, engine: FakeEngine) -> None:
    app.open("train")
    app.click("train_start")
    app.click("share_run")
    (address,) = [code.value for code in app.test.code]
    token = address.rpartition("=")[2]
    assert "/train?watch=" in address
    assert links.find(token, "run").what == "run-1"  # type: ignore[union-attr]
    assert "watch" not in app.url
    app.click("unshare_run")
    assert links.find(token, "run") is None
    assert not app.test.code
