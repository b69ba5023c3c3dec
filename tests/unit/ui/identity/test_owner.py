"""Who a browser is, and the library of models it sees."""

import asyncio
import contextlib
import json
import re
import time
from unittest import mock

import numpy as np
import pytest
from itsdangerous import TimestampSigner
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.unit.ui.asgi_client import Browser
from ui.identity import arrivals
from ui.identity import owner as owner_module
from ui.identity.owner import (
    COOKIE,
    REFRESH_SECONDS,
    SECRET_FILE,
    OwnerCookie,
    cookie_of,
    current_owner,
    new_owner,
    owner_in,
    owner_of,
)
from ui.library import library
from ui.library.library import Library, LibraryError
from vae_core.bundles.bundle import read_header
from vae_core.bundles.header import FORMAT_VERSION
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Job
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.models.layers.lists import stored_of
from vae_core.storage import tensorfile
from vae_core.storage.home import owner_folder

SMALL = ModelConfig(image_shape=(1, 8, 8), architecture="mlp", width=0.125)


def bundle_bytes(title="My model", **texts):
    """A bundle as far as its header goes."""
    weights = {name: shape for net in SMALL.placed() for name, shape in stored_of(net).items()}
    arrays = {
        **{name: np.zeros(shape, np.float32) for name, shape in weights.items()},
        "probe.images": np.zeros((3, 1, 8, 8), np.uint8),
        "probe.mean": np.zeros((3, 2), np.float32),
        "probe.logvar": np.zeros((3, 2), np.float32),
    }
    metadata = {
        "format": "latent-explorer",
        "format_version": str(FORMAT_VERSION),
        "model_config": json.dumps(SMALL.to_dict()),
        "layers": json.dumps(nets_to_json(SMALL.layers())),
        "train_config": json.dumps(TrainConfig().to_dict()),
        "image_set": json.dumps({"name": "digits", "title": "Digits"}),
        "metrics": json.dumps({"elbo": -20.5}),
        "history": "[]",
        "card": json.dumps({"title": title, "versions": {}}),
    }
    return tensorfile.pack(arrays, {**metadata, **texts})


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "mnist-2.safetensors").write_bytes(bundle_bytes("MNIST"))
    monkeypatch.setattr(library, "SHIPPED", folder)
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    return folder


def add(own, title, **kwargs):
    path = own.path_for_new(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bundle_bytes(title, **kwargs))
    return path.stem


# The cookie


def page(request):
    return HTMLResponse("<html></html>", headers={"Cache-Control": "no-cache"})


def unchanged(request):
    return Response(status_code=304)


def who(request):
    return JSONResponse(owner_of(request))


def client(**kwargs):
    routes = [Route("/", page), Route("/unchanged", unchanged), Route("/who", who)]
    app = Starlette(routes=routes, middleware=[Middleware(OwnerCookie, path="/base")])
    return Browser(app, **kwargs)


def test_the_first_html_brings_a_name():
    response = client().get("/")
    cookie = response.headers["set-cookie"]
    assert re.fullmatch(
        rf"{COOKIE}=[\w-]{{43}}\.[\w-]+\.[\w-]{{27}}; Max-Age=31536000; Path=/base; HttpOnly; SameSite=Lax",
        cookie,
    )
    assert response.headers["cache-control"] == "private, no-cache"


def test_over_https_the_cookie_stays_there():
    assert client(base_url="https://testserver").get("/").headers["set-cookie"].endswith("; Secure")


def test_a_known_browser_keeps_its_name():
    owner = new_owner()
    browser = client(cookies={COOKIE: cookie_of(owner)})
    assert "set-cookie" not in browser.get("/").headers
    assert browser.get("/who").json() == owner


@pytest.mark.parametrize("value", ["", "x", "a" * 42, "a" * 44, "a" * 42 + "/", "../" + "a" * 40])
def test_a_name_that_we_never_gave_is_replaced(value):
    browser = client(cookies={COOKIE: value})
    assert "set-cookie" in browser.get("/").headers
    assert browser.get("/who").json() is None


def forged(owner):
    """A cookie for an owner, its signature turned by one sign."""
    cookie = cookie_of(owner)
    return cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1]


@pytest.mark.parametrize(
    "make", [str, forged, lambda owner: TimestampSigner(b"another").sign(owner).decode()]
)
def test_only_what_this_server_signed_names_an_owner(make):
    browser = client(cookies={COOKIE: make(new_owner())})
    assert browser.get("/who").json() is None
    assert "set-cookie" in browser.get("/").headers


def test_a_cookie_of_an_older_version_is_exchanged_without_loss(tmp_path, monkeypatch):
    owner = new_owner()
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    owner_folder(tmp_path, owner).mkdir(parents=True)
    browser = client(cookies={COOKIE: owner})
    assert browser.get("/who").json() == owner
    signed = browser.get("/").headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")
    assert client(cookies={COOKIE: signed}).get("/who").json() == owner
    assert "set-cookie" not in client(cookies={COOKIE: signed}).get("/").headers


def test_a_cookie_is_given_anew_after_a_month(monkeypatch):
    owner = new_owner()
    cookie = cookie_of(owner)
    month_later = time.time() + REFRESH_SECONDS + 2
    monkeypatch.setattr("ui.identity.owner.time.time", lambda: month_later)
    browser = client(cookies={COOKIE: cookie})
    again = browser.get("/").headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")
    assert again != cookie
    assert client(cookies={COOKIE: again}).get("/who").json() == owner
    assert "set-cookie" not in client(cookies={COOKIE: again}).get("/").headers


def test_the_secret_is_for_the_servers_eyes_and_outlives_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    owner = new_owner()
    cookie = cookie_of(owner)
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o077 == 0
    owner_module._secret.cache_clear()
    assert owner_in(cookie) == owner


def test_a_class_passes_and_a_script_that_is_always_someone_new_does_not(monkeypatch):
    now = 0.0
    found = arrivals.Arrivals(clock=lambda: now)
    for _ in range(80):  # forty browsers, two tabs each, before the first cookie has come
        found.admit("192.168.1.1")
    for _ in range(40):
        found.admit("192.168.1.1")
    with pytest.raises(arrivals.CrowdedError, match="Wait a moment"):
        found.admit("192.168.1.1")
    found.admit("192.168.1.2")  # nobody else is held up
    now = 30.0
    for _ in range(60):
        found.admit("192.168.1.1")
    with pytest.raises(arrivals.CrowdedError):
        found.admit("192.168.1.1")
    for host in range(200):  # one subscriber of IPv6 has more addresses than there are people
        with contextlib.suppress(arrivals.CrowdedError):
            found.admit(f"2001:db8::{host:x}")
    with pytest.raises(arrivals.CrowdedError):
        found.admit("2001:db8::ffff")


def test_remembering_addresses_has_a_bound():
    found = arrivals.Arrivals()
    for number in range(arrivals.MOST_ADDRESSES + 50):
        found.admit(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(found._left) == arrivals.MOST_ADDRESSES


def test_who_comes_too_late_reads_a_sentence_and_gets_no_name(monkeypatch):
    monkeypatch.setenv("LATENT_MAX_NEW_OWNERS", "1")
    monkeypatch.setattr(arrivals, "_ARRIVALS", arrivals.Arrivals())
    assert client().get("/").status_code == 200
    late = client().get("/")
    assert late.status_code == 429
    assert "Wait a moment" in late.text
    assert "set-cookie" not in late.headers
    known = client(cookies={COOKIE: cookie_of(new_owner())})
    assert known.get("/").status_code == 200


def test_only_pages_bring_a_name():
    assert "set-cookie" not in client().get("/who").headers
    assert "set-cookie" not in client().get("/missing").headers


def test_a_page_from_the_browsers_cache_brings_a_name_too():
    assert "set-cookie" in client().get("/unchanged", headers={"Accept": "text/html"}).headers
    assert "set-cookie" not in client().get("/unchanged", headers={"Accept": "*/*"}).headers


def test_names_differ():
    assert len({new_owner() for _ in range(100)}) == 100


def test_pages_take_only_a_proper_name(monkeypatch):
    owner, session = new_owner(), {}
    monkeypatch.setattr("ui.identity.owner.st.session_state", session)
    for given in (mock.MagicMock(), "short", None):
        with mock.patch("ui.identity.owner.st.context") as context:
            context.cookies.get.return_value = given
            context.ip_address = "10.0.0.7"
            fallback = current_owner()
        assert fallback == session["_latent_owner"]  # the same in the whole session
    with mock.patch("ui.identity.owner.st.context") as context:
        context.cookies.get.return_value = cookie_of(owner)
        assert current_owner() == owner


# The library


def test_shipped_models_come_first_and_own_ones_are_the_owners_alone(shipped):
    mine, other = Library(new_owner()), Library(new_owner())
    name = add(mine, "Zwölf Äpfel!")
    assert name == "zwolf-apfel"
    assert [entry.name for entry in mine.models()] == ["mnist-2", name]
    assert [entry.name for entry in other.models()] == ["mnist-2"]
    assert [entry.name for entry in Library(None).models()] == ["mnist-2"]
    with pytest.raises(KeyError):
        other.get(name)
    entry = mine.get(name)
    assert (entry.title, entry.shipped, entry.metrics["elbo"]) == ("Zwölf Äpfel!", False, -20.5)
    assert entry.model_config == SMALL
    assert entry.url == f"/latent/models/{name}/{entry.digest}.safetensors"


@pytest.mark.parametrize(
    "name", ["../mnist-2", "", "A", "a/b", "mnist-2.safetensors", "a" * 49, "mnist_2", "-a"]
)
def test_names_that_are_none(shipped, name):
    with pytest.raises(KeyError):
        Library(new_owner()).get(name)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Fashion, 16-D", "fashion-16-d"),
        ("", "model"),
        ("漢字", "model"),
        ("a" * 99, "a" * 48),
        ("-- ..", "model"),
    ],
)
def test_titles_become_names(title, name):
    assert library.slug(title) == name
    assert library.NAME.fullmatch(library.slug(title))


def test_a_new_model_never_takes_a_name_that_is_taken(shipped):
    own = Library(new_owner())
    assert [add(own, "mnist 2") for _ in range(3)] == ["mnist-2-2", "mnist-2-3", "mnist-2-4"]
    assert library.NAME.fullmatch(add(own, "b" * 60))
    assert library.NAME.fullmatch(add(own, "b" * 60))


def test_renaming_changes_title_and_name_and_nothing_else(shipped):
    own = Library(new_owner())
    before = own.get(add(own, "First"))
    data = before.path.read_bytes()
    after = own.rename("first", "  Second <b> try ")
    assert (after.name, after.title) == ("second-b-try", "Second <b> try")
    assert not before.path.exists()
    with pytest.raises(KeyError):
        own.get("first")
    assert after.path.read_bytes()[-len(data) // 2 :] == data[-len(data) // 2 :]
    assert read_header(after.path).metrics == {"elbo": -20.5}
    assert own.rename("second-b-try", "Second (b) try").name == "second-b-try"


def test_a_stale_page_renames_and_deletes_only_what_it_showed(shipped):
    own = Library(new_owner())
    seen = own.get(add(own, "Mine"))
    seen.path.write_bytes(bundle_bytes("Mine, but another"))
    for act in (lambda: own.delete("mine", seen.digest), lambda: own.rename("mine", "Ours", seen.digest)):
        with pytest.raises(LibraryError, match="has changed since the page was drawn"):
            act()
    assert own.get("mine").title == "Mine, but another"


def test_two_tabs_that_save_under_one_title_get_two_names(shipped, monkeypatch):
    own, jobs = Library(new_owner()), []

    def begin(path):
        jobs.append((path, Job("", "", "", state="running")))
        return jobs[-1][1]

    assert [own.save_as("Mine", begin)[0] for _ in range(2)] == ["mine", "mine-2"]
    assert add(own, "Mine") == "mine-3"
    monkeypatch.setenv("LATENT_MAX_MODELS", "3")
    with pytest.raises(LibraryError, match="holds 3 models"):  # those to come count, too
        own.path_for_new("Mine")
    jobs[0][1].state = "failed"
    jobs[0][1]._finished.set()
    assert own.save_as("Mine", begin)[0] == "mine"  # that one never came


def test_titles_are_tidied_on_every_way_in(shipped):
    own = Library(new_owner())
    name = add(own, "A\x1b[31m model\u202e\x00")
    assert own.get(name).title == "A [31m model"
    assert own.rename(name, "B\x07 \u200bmodel\x7f\n").title == "B model"
    assert own.unreadable() == ()


def test_what_ships_stays(shipped):
    own = Library(new_owner())
    for change in (lambda: own.delete("mnist-2"), lambda: own.rename("mnist-2", "Mine")):
        with pytest.raises(LibraryError, match="comes with the app"):
            change()
    with pytest.raises(LibraryError, match="characters"):
        own.rename(add(own, "x"), " ")


def test_deleting(shipped):
    own = Library(new_owner())
    name = add(own, "Gone")
    own.delete(name)
    assert [entry.name for entry in own.models()] == ["mnist-2"]
    with pytest.raises(KeyError):
        own.delete(name)


def test_a_full_library_says_so(shipped, monkeypatch):
    own = Library(new_owner())
    add(own, "One")
    monkeypatch.setenv("LATENT_MAX_MODELS", "1")
    with pytest.raises(LibraryError, match="holds 1 models, the limit is 1"):
        own.path_for_new("Two")
    monkeypatch.setenv("LATENT_MAX_MODELS", "50")
    monkeypatch.setenv("LATENT_MAX_MODELS_MB", "0.001")
    with pytest.raises(LibraryError, match="MB"):
        own.path_for_new("Two")
    assert own.usage()[0] == 1


def test_a_broken_file_is_left_out_and_the_others_stay(shipped):
    own = Library(new_owner())
    name = add(own, "Whole")
    (own.folder / "broken.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (own.folder / ".whole.safetensors.1234.part").write_bytes(b"half")
    assert [entry.name for entry in own.models()] == ["mnist-2", name]
    with pytest.raises(KeyError):
        own.get("broken")
    assert [(file.name, file.title) for file in own.unreadable()] == [("broken", "broken.safetensors")]
    assert "it is cut short within its header" in own.unreadable()[0].why
    assert own.usage()[0] == 2
    own.delete("broken")
    assert (own.unreadable(), own.usage()[0]) == ((), 1)


def test_a_changed_file_is_read_again(shipped):
    own = Library(new_owner())
    entry = own.get(add(own, "One"))
    entry.path.write_bytes(bundle_bytes("Other words"))
    assert own.get("one").title == "Other words"
    assert own.get("one").digest != entry.digest


def test_a_hostile_upload_is_refused_before_any_worker_sees_it(shipped):
    own = Library(new_owner())
    with mock.patch("ui.library.library.get_engine") as engine:
        for data in (
            b"",
            b"not a bundle",
            bundle_bytes()[:-10],
            bundle_bytes(model_config="{}"),
            b"\xff" * 99,
        ):
            with pytest.raises(ValueError, match=r"mine\.safetensors"):
                own.add_upload("mine.safetensors", data)
        engine.assert_not_called()
    assert own.usage() == (0, 0)
    assert not list((own.folder.parents[2] / "incoming").iterdir())


def test_an_upload_that_the_worker_accepts_is_there(shipped):
    own = Library(new_owner())
    with mock.patch("ui.library.library.get_engine") as engine:
        job = engine.return_value.submit.return_value.wait.return_value
        job.finished, job.state = True, "done"
        entry = own.add_upload("My Model.safetensors", bundle_bytes("Its title"))
    assert (entry.name, entry.title) == ("my-model", "Its title")
    with mock.patch("ui.library.library.get_engine") as engine:
        job = engine.return_value.submit.return_value.wait.return_value
        job.finished, job.state, job.error = True, "failed", "it lacks weights"
        with pytest.raises(ValueError, match="lacks weights"):
            own.add_upload("other", bundle_bytes())
    assert own.usage()[0] == 1


def test_without_cookies_there_is_no_own_library(shipped):
    with pytest.raises(LibraryError, match="cookies"):
        Library(None).path_for_new("x")
    with pytest.raises(LibraryError, match="cookies"):
        Library(None).add_upload("x", bundle_bytes())


def test_the_middleware_leaves_websockets_alone():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(OwnerCookie(app)({"type": "websocket", "headers": []}, None, None))
    assert seen == ["websocket"]
