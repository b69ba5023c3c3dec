"""The routes below /latent/: what they serve to whom, and what they refuse."""

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit import config

from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.identity.test_owner import (
    add,
    bundle_bytes,
    shipped,  # noqa: F401
)
from tests.unit.ui.served_routes import application
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.library.library import Library
from ui.page import urls
from ui.web import compressed, routes
from ui.web.compressed import PackedFiles, pack_file
from vae_core.bundles.older import with_layers
from vae_core.storage.tensorfile import content_digest


def browser(owner=None):
    return Browser(application(), cookies={COOKIE: cookie_of(owner)} if owner else {})


@pytest.fixture
def modules(tmp_path, monkeypatch):
    folder = tmp_path / "explorer"
    (folder / "deep").mkdir(parents=True)
    (folder / "explorer.js").write_text("export const a = 1;\n" * 100)
    (folder / "deep" / "style.css").write_text(".latent {}")
    (folder / "notes.md").write_text("not for browsers")
    (tmp_path / "secret.js").write_text("secret")
    monkeypatch.setattr(urls, "EXPLORER", folder)
    monkeypatch.setattr(urls, "LOOK_SECONDS", 0.0)
    return folder


# Modules


def test_modules_are_public_for_ever_and_compressed_once(modules):
    url = f"{urls.explorer_url()}/explorer.js"
    response = browser().get(url)
    assert response.status_code == 200
    assert response.text == "export const a = 1;\n" * 100
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = browser().get(url, headers={"Accept-Encoding": "identity"})
    assert plain.text == response.text
    assert plain.headers["content-encoding"] == "identity"
    assert plain.headers["vary"] == "Accept-Encoding"
    assert browser().get(url, headers={"If-None-Match": plain.headers["etag"]}).status_code == 304
    assert browser().get(f"{urls.explorer_url()}/deep/style.css").text == ".latent {}"


def test_what_is_compiled_for_the_browser_comes_as_such_and_its_source_stays_here():
    folder = f"{urls.explorer_url()}/decode/kernels"
    response = browser().get(f"{folder}/kernels.wasm")
    assert response.content[:8] == b"\0asm\1\0\0\0"
    assert response.headers["content-type"] == "application/wasm"
    for name in ("kernels.c", "build.py", "requirements.txt"):
        assert browser().get(f"{folder}/{name}").status_code == 404


def test_the_folder_is_not_looked_through_for_each_of_a_hundred_modules(modules, monkeypatch):
    monkeypatch.setattr(urls, "LOOK_SECONDS", 3600.0)
    before = urls.explorer_version()
    (modules / "explorer.js").write_text("export const a = 2;\n" * 101)
    assert urls.explorer_version() == before
    monkeypatch.setattr(urls, "LOOK_SECONDS", 0.0)
    assert urls.explorer_version() != before


def test_the_event_loop_never_looks_at_the_disk(modules, monkeypatch):
    looked = []

    def note(look):
        def noting(*arguments):
            looked.append(threading.current_thread())
            return look(*arguments)

        return noting

    url, plotly = f"{urls.explorer_url()}/explorer.js", urls.plotly_url()
    for name in ("_explorer_files", "plotly_file", "_digest_of"):
        monkeypatch.setattr(urls, name, note(getattr(urls, name)))
    for path in (url, plotly):
        assert browser().get(path).status_code == 200
    assert len(looked) >= 3
    assert threading.main_thread() not in looked  # in which the browser's loop runs


def test_the_version_follows_the_content(modules):
    before = urls.explorer_version()
    (modules / "explorer.js").write_text("export const a = 2;\n" * 101)
    assert urls.explorer_version() != before
    assert browser().get(f"/latent/js/{before}/explorer.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "js/{v}/missing.js",
        "js/{v}/notes.md",
        "js/{v}/",
        "js/{v}/../secret.js",
        "js/{v}/..%2fsecret.js",
        "js/{v}/%2e%2e/secret.js",
        "js/{v}/..%5csecret.js",
        "js/{v}/deep/..%2fexplorer.js",
        "js/{v}//etc/passwd",
        "js/{v}/explorer.js%00",
        "js/wrong/explorer.js",
        "plotly/0.0.0/plotly.min.js",
        "models/../../app.py/x",
        "",
        "anything",
        "stream/0123",
    ],
)
def test_everything_else_is_not_found(modules, path):
    path = "/latent/" + path.replace("{v}", urls.explorer_version())
    response = browser().get(path)
    assert response.status_code == 404
    assert "secret" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_find_nothing(modules, method):
    assert browser().request(method, f"{urls.explorer_url()}/explorer.js").status_code == 404
    assert browser().request(method, "/latent").status_code == 404


def test_plotly_comes_from_the_installed_package():
    response = browser().get(urls.plotly_url())
    assert response.status_code == 200
    assert b"plotly.js v" in response.content[:200]
    assert response.headers["content-encoding"] == "gzip"


def test_routes_follow_the_servers_base_path(modules, monkeypatch):
    monkeypatch.setattr(config, "get_option", {"server.baseUrlPath": "/class/a/"}.get)
    assert urls.base_path() == "/class/a"
    assert urls.explorer_url().startswith("/class/a/latent/js/")
    assert browser().get(f"{urls.explorer_url()}/explorer.js").status_code == 200
    assert browser().get(f"{urls.explorer_url()}/..%2fsecret.js").status_code == 404
    assert browser().get("/class/a/latent/nothing").status_code == 404


# Models


def test_shipped_models_are_public(shipped):  # noqa: F811
    entry = Library(None).get("mnist-2")
    response = browser().get(entry.url)
    assert response.content == with_layers(entry.path.read_bytes())
    assert content_digest(response.content) == entry.digest
    assert response.headers["cache-control"].startswith("public")
    assert "content-disposition" not in response.headers
    assert browser().get(entry.url.replace(entry.digest, "0" * 20)).status_code == 404


def test_own_models_are_their_owners_alone(shipped):  # noqa: F811
    owner = new_owner()
    entry = Library(owner).get(add(Library(owner), "Mine"))
    response = browser(owner).get(f"{entry.url}?download=1")
    assert response.content == entry.path.read_bytes()
    assert response.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in response.headers["vary"]
    assert response.headers["content-disposition"] == 'attachment; filename="mine.safetensors"'
    for stranger in (None, new_owner(), "../" + owner[3:], ""):
        assert browser(stranger).get(entry.url).status_code == 404
        tagged = {"If-None-Match": response.headers["etag"]}
        assert browser(stranger).get(entry.url, headers=tagged).status_code == 404


def test_a_known_model_is_answered_without_reading_it(shipped, monkeypatch):  # noqa: F811
    owner = new_owner()
    own = Library(owner).get(add(Library(owner), "Mine"))
    for entry in (own, Library(None).get("mnist-2")):
        tagged = {"If-None-Match": browser(owner).get(entry.url).headers["etag"]}
        with monkeypatch.context() as patch:
            patch.setattr(routes, "_PACKED", None)  # which would read it
            patch.setattr(routes, "pieces", None)
            again = browser(owner).get(entry.url, headers=tagged)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tagged["If-None-Match"]


def test_a_large_model_is_streamed_and_never_compressed(shipped, monkeypatch):  # noqa: F811
    owner = new_owner()
    entry = Library(owner).get(add(Library(owner), "Mine"))
    data = entry.path.read_bytes()
    monkeypatch.setattr(routes, "LARGE_BYTES", len(data))
    monkeypatch.setattr(compressed, "PIECE_BYTES", 1000)
    monkeypatch.setattr(routes, "_PACKED", None)  # which would read and compress it
    response = browser(owner).get(entry.url)
    assert response.content == data
    assert response.headers["content-encoding"] == "identity"
    assert response.headers["content-length"] == str(len(data))
    head = browser(owner).request("HEAD", entry.url)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(data)))
    size, body = compressed.pieces(entry.path, entry.modified, len(data), as_it_lies=True)
    _, *others = body
    assert size == len(data)
    assert max(map(len, others)) == 1000
    entry.path.write_bytes(bundle_bytes("Another of this name"))
    with pytest.raises(OSError, match="has changed"):
        compressed.pieces(entry.path, entry.modified, entry.size_bytes, as_it_lies=True)


def test_who_asks_for_a_file_that_is_being_compressed_waits_for_it(tmp_path, monkeypatch):
    path = tmp_path / "a.js"
    path.write_bytes(bytes(100_000))
    files, packed, begun, go_on = PackedFiles(), [], threading.Event(), threading.Event()

    def slow(data):
        packed.append(data)
        begun.set()
        assert go_on.wait(60)
        return pack_file(data)

    monkeypatch.setattr(compressed, "pack_file", slow)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(files.get, path) for _ in range(8)]
        assert begun.wait(60)
        go_on.set()
        assert len({id(each.result()) for each in asked}) == 1
    assert len(packed) == 1


# Someone new


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Referer": "http://testserver/train"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "http://testserver/"}, 404),
        ({"Sec-Fetch-Site": "none"}, 404),
        ({"Referer": "http://evil.example/"}, 404),
        ({"Referer": "http://[/"}, 404),
        ({}, 404),
    ],
)
def test_only_a_link_of_our_own_makes_someone_new(headers, status):
    response = browser(new_owner()).get("/latent/new-owner", headers=headers)
    assert response.status_code == status
    assert (COOKIE in response.headers.get("set-cookie", "")) == (status == 303)


# Compressed files


def test_the_cache_of_compressed_files_is_bounded(tmp_path):
    files = PackedFiles(limit=10_000)
    for index in range(50):
        path = tmp_path / f"{index}.js"
        path.write_bytes(bytes([index]) * 3 + bytes(range(256)) * 8)
        assert files.get(path).plain() == path.read_bytes()
        assert files.get(path) is files.get(path)
    assert files._held == sum(len(packed.body) for packed in files._files.values()) <= 10_000


def test_what_cannot_be_compressed_stays():
    noise = random.Random(0).randbytes(10_000)
    assert pack_file(noise).encoding == ""
    assert pack_file(noise).body == noise


# Hostile requests


def test_a_thousand_hostile_requests_leave_the_routes_well(modules):
    paths = [
        "/latent/models/" + "a" * 5000 + "/x",
        "/latent/js/%ff/%fe",
        "/latent/stream/" + "0" * 32,
        "/latent/%00",
        f"/latent/runs/{'0' * 32}/keyframes/{'9' * 5000}.safetensors",
    ]

    async def storm():
        import httpx

        transport = httpx.ASGITransport(application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return [(await client.get(path)).status_code for _ in range(250) for path in paths]

    assert set(asyncio.run(storm())) == {404}
