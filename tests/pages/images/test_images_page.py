from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.stand_ins import App, FakeEngine, done, failed, unfinished
from vae_core import image_sets


@pytest.fixture
def kmnist_absent(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Whether kmnist is here: not at first; set "here" to let it arrive."""
    import vae_core

    state = {"here": False}
    plain = vae_core.image_sets

    def sets():
        return tuple(
            replace(info, available=state["here"]) if info.name == "kmnist" else replace(info, available=True)
            for info in plain()
        )

    monkeypatch.setattr(vae_core, "image_sets", sets)
    return state


def test_every_set_is_shown_with_its_licence(app: App) -> None:
    app.open("images")
    for info in image_sets():
        assert f"{info.size:,} images, " in app.text
        assert f"{info.test_size:,} more are held out" in app.text
    assert "ankle boot" in app.text
    assert "Zalando" in app.text
    assert "Known factors" in app.text


def test_sets_that_are_here_lead_to_train(app: App) -> None:
    app.open("images")
    queries = [link.query_string for link in app.test.get("page_link")]
    assert "train_images=fashion" in queries


def test_download_shows_progress_then_the_set(
    app: App, engine: FakeEngine, kmnist_absent: dict[str, bool]
) -> None:
    job = unfinished(0.4, "18 of 46 MB")
    engine.outcome = lambda function, arguments: job if function == "download_set" else done(b"png")
    engine.outcome = lambda function, arguments: job if function == "download_set" else unfinished()
    app.open("images")
    app.click("images_download_kmnist")
    assert ("submit", "download_set", {"name": "kmnist"}) in engine.asked
    assert "18 of 46 MB" in app.test.get("progress")[0].proto.text
    assert app.test.button(key="images_download_kmnist").disabled
    kmnist_absent["here"] = True
    job.state = "done"
    job._finished.set()
    app.run()
    assert "train_images=kmnist" in [link.query_string for link in app.test.get("page_link")]


def test_a_download_that_fails_says_why_and_can_be_tried_again(
    app: App, engine: FakeEngine, kmnist_absent: dict[str, bool]
) -> None:
    engine.outcome = lambda function, arguments: (
        failed("The server did not answer. Try again, or copy the files.")
        if function == "download_set"
        else unfinished()
    )
    app.open("images").click("images_download_kmnist")
    assert "Try again, or copy the files" in app.said
    assert not app.test.button(key="images_download_kmnist").disabled


def test_a_shared_server_downloads_only_where_it_is_allowed(
    app: App, kmnist_absent: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_DOWNLOADS", "0")
    app.open("images")
    assert app.test.button(key="images_download_kmnist").disabled
    assert "set LATENT_DOWNLOADS=1" in app.said
    monkeypatch.setenv("LATENT_DOWNLOADS", "1")
    app.run()
    assert not app.test.button(key="images_download_kmnist").disabled


@pytest.mark.parametrize(
    ("address", "headers", "allowed"),
    [
        (None, {}, True),
        ("192.168.1.7", {}, False),
        (None, {"X-Forwarded-For": "192.168.1.7"}, False),
        (None, {"Forwarded": "for=192.168.1.7"}, False),
    ],
)
def test_local_is_the_servers_own_machine_only(
    address: str | None, headers: dict[str, str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from ui.identity import locality

    monkeypatch.delenv("LATENT_DOWNLOADS", raising=False)
    monkeypatch.setattr(locality.st, "context", SimpleNamespace(ip_address=address, headers=headers))
    assert locality.downloads_allowed() is allowed
