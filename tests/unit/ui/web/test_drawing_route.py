"""A drawing on its way to a collection: who may send what, and what is said of what is not kept."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.served_routes import application
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.library import links
from ui.library.disk import drawing_files
from ui.library.disk.drawing_files import PIXELS
from ui.library.drawings import Collection

URL = "/latent/drawings"
DRAWN = bytes([0, 255]) * (PIXELS // 2)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    links._LINKS = None


@pytest.fixture
def owner(_home: None) -> str:
    return new_owner()


def browser(owner: str | None) -> Browser:
    return Browser(application(), cookies={COOKIE: cookie_of(owner)} if owner else {})


def test_it_is_counted_once_it_lies_there(owner: str) -> None:
    answer = browser(owner).request("POST", f"{URL}?label=%C3%A9%20%3Cb%3E&collection=", content=DRAWN)
    assert (answer.status_code, answer.json()) == (200, {"all": 1, "mine": 1})
    (kept,) = Collection(owner).drawings()
    assert (kept.label, kept.pixels) == ("é <b>", DRAWN)


def test_a_class_sends_by_the_link_until_it_is_taken_back(owner: str) -> None:
    token, guest = links.share(owner, "drawings").token, browser(new_owner())
    Collection(owner).keep(DRAWN)
    answer = guest.request("POST", f"{URL}?label=4&collection={token}", content=DRAWN)
    assert answer.json() == {"all": 2, "mine": 1}
    links.stop_sharing(owner, "drawings")
    refused = guest.request("POST", f"{URL}?label=5&collection={token}", content=DRAWN)
    assert refused.status_code == 403
    assert "closed" in refused.text
    assert Collection(owner).counts() == (2, 1)


def test_nobody_without_a_cookie_and_no_foreign_page(owner: str) -> None:
    assert browser(None).request("POST", URL, content=DRAWN).status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert browser(owner).request("POST", URL, content=DRAWN, headers=foreign).status_code == 403
    assert browser(owner).get(URL).status_code in (404, 405)
    assert Collection(owner).counts() == (0, 0)


@pytest.mark.parametrize("sent", [b"", DRAWN[:-1], DRAWN + b"x", b"NaN" * 300, bytes(2_000_000)])
def test_bytes_of_another_length_are_refused(owner: str, sent: bytes) -> None:
    answer = browser(owner).request("POST", URL, content=sent)
    assert answer.status_code == 400
    assert "28 × 28" in answer.text
    assert Collection(owner).counts() == (0, 0)


def test_a_bad_label_is_refused(owner: str) -> None:
    answer = browser(owner).request("POST", f"{URL}?label={'x' * 21}", content=DRAWN)
    assert (answer.status_code, "20 characters at most" in answer.text) == (400, True)
    assert browser(owner).request("POST", f"{URL}?label=a%0Ab", content=DRAWN).status_code == 400


def test_a_full_disk_is_said(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drawing_files, "write_whole", full)
    answer = browser(owner).request("POST", URL, content=DRAWN)
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    assert Collection(owner).counts() == (0, 0)
