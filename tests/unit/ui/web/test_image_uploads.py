"""Images on their way to disk: who may bring how much, and that what breaks off leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.served_routes import application
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.library.disk import brought
from ui.library.disk.brought import file_name
from ui.web import image_uploads

URL = "/latent/images/upload"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def owner(home: Path) -> str:
    return new_owner()


def browser(owner: str | None) -> Browser:
    return Browser(application(), cookies={COOKIE: cookie_of(owner)} if owner else {})


def lying(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "uploads").rglob("*") if path.is_file())


def test_what_comes_lies_on_disk_under_its_own_name(home: Path, owner: str) -> None:
    data = bytes(range(256)) * 20_000
    assert browser(owner).get(f"{URL}?size={len(data)}").status_code == 204
    answer = browser(owner).request("POST", f"{URL}?name=letters%20é.zip", content=data)
    assert answer.status_code == 200
    found = brought.current(owner)
    assert found is not None
    assert (found.id, found.path.name, found.size_bytes) == (
        answer.json()["brought"],
        "letters é.zip",
        len(data),
    )
    assert found.path.read_bytes() == data
    assert brought.current(new_owner()) is None


def test_what_is_brought_anew_takes_the_place_of_what_came_before(home: Path, owner: str) -> None:
    for name in ("one.zip", "two.zip"):
        browser(owner).request("POST", f"{URL}?name={name}", content=b"data")
    assert lying(home) == ["two.zip"]
    brought.discard(owner)
    assert lying(home) == []


def test_nobody_without_a_cookie_and_no_foreign_page(home: Path, owner: str) -> None:
    assert browser(None).get(f"{URL}?size=1").status_code == 403
    assert browser(None).request("POST", URL, content=b"data").status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert browser(owner).request("POST", URL, content=b"data", headers=foreign).status_code == 403
    assert lying(home) == []


@pytest.mark.parametrize("size", ["", "-1", "x", "9" * 30, "²"])
def test_a_size_that_is_none(owner: str, size: str) -> None:
    assert browser(owner).get(URL, params={"size": size}).status_code == 400


def test_one_browser_and_all_together_are_bounded(
    home: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_MAX_IMAGES_MB_EACH", "1")
    monkeypatch.setenv("LATENT_MAX_IMAGES_MB", "1.5")
    too_much = browser(owner).request("POST", URL, content=bytes(1_000_001))
    assert too_much.status_code == 413
    assert "at most 1.0 MB" in too_much.text
    assert browser(owner).request("POST", f"{URL}?name=a.zip", content=bytes(900_000)).status_code == 200
    crowded = browser(new_owner()).get(f"{URL}?size=700000")
    assert crowded.status_code == 503
    assert "Wait a little" in crowded.text
    assert browser(owner).get(f"{URL}?size=900000").status_code == 204  # in place of its own
    assert lying(home) == ["a.zip"]


def test_a_disk_that_is_nearly_full_is_said_before(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brought, "SPARED_BYTES", 10**18)
    full = browser(owner).get(f"{URL}?size=10")
    assert full.status_code == 507
    assert "disk is full" in full.text


def test_a_disk_that_fills_up_half_way_leaves_nothing(
    home: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image_uploads, "_write", fill)
    full = browser(owner).request("POST", f"{URL}?name=a.zip", content=b"data")
    assert full.status_code == 507
    assert "disk is full" in full.text
    assert lying(home) == []
    assert browser(owner).get(f"{URL}?size=10").status_code == 204  # it is over


def send_to(owner: str, pieces: Iterator[bytes | None], announced: int) -> list[int]:
    """Send pieces of a body; None leaves, and after the last one nothing comes. Returns the statuses."""
    sent: list[int] = []

    async def ask() -> None:
        async def receive() -> dict[str, object]:
            for piece in pieces:
                if piece is None:
                    return {"type": "http.disconnect"}
                return {"type": "http.request", "body": piece, "more_body": True}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                sent.append(int(str(message["status"])))

        headers = [
            (b"content-length", str(announced).encode()),
            (b"cookie", f"{COOKIE}={cookie_of(owner)}".encode()),
            (b"host", b"testserver"),
        ]
        scope = {
            "type": "http",
            "method": "POST",
            "path": URL,
            "raw_path": URL.encode(),
            "root_path": "",
            "query_string": b"name=a.zip",
            "headers": headers,
            "scheme": "http",
            "server": ("testserver", 80),
            "client": ("127.0.0.1", 1),
            "http_version": "1.1",
        }
        await application()(scope, receive, send)

    asyncio.run(ask())
    return sent


def test_a_browser_that_leaves_half_way_leaves_nothing(home: Path, owner: str) -> None:
    send_to(owner, iter([b"half", None]), announced=8)
    assert lying(home) == []
    assert browser(owner).get(f"{URL}?size=10").status_code == 204


def test_an_upload_that_stalls_is_given_up(home: Path, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_uploads, "STALL_SECONDS", 0.05)
    assert send_to(owner, iter([b"half"]), announced=8) == [408]
    assert lying(home) == []


def test_only_one_at_a_time_from_a_browser(owner: str, home: Path) -> None:
    asked: list[int] = []

    def pieces() -> Iterator[bytes | None]:
        yield b"half"
        asked.append(second())
        yield None

    def second() -> int:
        try:
            brought.check_room(owner, 1)
        except brought.NoRoomError as refused:
            return refused.status
        return 204

    send_to(owner, pieces(), announced=8)
    assert asked == [409]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.zip", "a.zip"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\images\\a b.zip", "C__images_a b.zip"),
        ("", "images"),
        ("...", "images"),
        (".part", "part"),
        ("буквы.files", "буквы.files"),
        ("x" * 300 + ".zip", "x" * 80 + ".zip"),
        ("a\u202eb\n.zip", "a b .zip"),
    ],
)
def test_a_file_is_called_what_a_disk_can_hold(given: str, kept: str) -> None:
    assert file_name(given) == kept


def test_what_nobody_keeps_goes_after_a_while(home: Path, owner: str) -> None:
    browser(owner).request("POST", f"{URL}?name=a.zip", content=b"data")
    brought.export_path(owner, "some-set").write_bytes(b"zip")
    brought.sweep(oldest=0.0)
    assert lying(home) == ["a.zip", "some-set.zip"]
    brought.sweep(oldest=float("inf"))
    assert lying(home) == []


def test_an_exported_set_is_its_owners_alone(home: Path, owner: str) -> None:
    from tests.unit.images.test_own_sets import some_images, stored
    from vae_core.storage.home import owner_folder

    path = stored(owner_folder(home, owner) / "images", some_images())
    url = f"/latent/images/{path.stem}.zip"
    assert browser(owner).get(url).status_code == 404  # no worker has written it yet
    brought.export_path(owner, path.stem).write_bytes(b"PK zip")
    answer = browser(owner).get(url)
    assert (answer.status_code, answer.content) == (200, b"PK zip")
    assert "pets.zip" in answer.headers["content-disposition"]
    assert browser(new_owner()).get(url).status_code == 404
    assert browser(None).get(url).status_code == 404
