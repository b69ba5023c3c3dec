"""Links to a model or a run: whom they let see what, and how they are taken back."""

import threading

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL, Loop
from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.identity.test_owner import (
    add,
    bundle_bytes,
    shipped,  # noqa: F401
)
from tests.unit.ui.served_routes import PATIENCE, Server, application, close_code, kind, wait_until
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.library import library, links
from ui.library.library import Library, LibraryError
from ui.web.sockets import stream
from vae_core.engine import Job
from vae_core.engine.watching.subscription import Subscription
from vae_core.storage.home import owner_hash, write_whole


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def restart():
    """Forget what is in memory, as a new server has."""
    links._LINKS = None


# Links


def test_a_link_is_made_once_outlives_a_restart_and_is_taken_back(home):
    owner = new_owner()
    link = links.share(owner, "model", "mine")
    assert links.TOKEN.fullmatch(link.token)
    assert links.share(owner, "model", "mine") == link
    assert links.share(owner, "model", "other") != link
    restart()
    assert links.find(link.token, "model") == link == links.shared(owner, "model", "mine")
    assert links.find(link.token, "run") is None
    links.stop_sharing(owner, "model", "mine")
    assert links.find(link.token, "model") is None
    restart()
    assert links.find(link.token, "model") is None
    assert links.share(owner, "model", "mine").token != link.token


def test_a_link_is_found_by_name_however_many_there_are():
    owner = new_owner()
    for other in range(300):
        links.share(f"{other}", "model", "mine")
    mine = links.share(owner, "model", "mine")
    compared = []

    class Noting(str):
        def __eq__(self, other):
            compared.append(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    found = links._links().find(Noting(owner_hash(owner)), "model", "mine")
    assert found == mine
    assert links._links().of(Noting(owner_hash(owner))) == (mine,)
    assert len(compared) < 10
    links.announce(owner, on=True)  # there is no link by which one could follow
    assert links.announced() == ()
    follow = links.share(owner, "follow")
    links.announce(owner, on=True)
    assert [each.token for each in links.announced()] == [follow.token]
    assert [each.token for each in links._links().of(owner_hash(owner))] == [mine.token, follow.token]
    links.forget_owner(owner_hash(owner))
    assert links.find(mine.token, "model") is None
    assert links.announced() == ()
    restart()
    assert links.find(follow.token, "follow") is None


def test_only_its_owner_finds_or_takes_back_a_link():
    owner, stranger = new_owner(), new_owner()
    link = links.share(owner, "run", "0" * 32)
    assert links.shared(stranger, "run", "0" * 32) is None
    links.stop_sharing(stranger, "run", "0" * 32)
    assert links.find(link.token, "run") == link


@pytest.mark.parametrize("token", ["", "x", "../" * 11, "a" * 32, "A" * 33, "\0" * 32])
def test_what_is_no_token_leads_nowhere(token):
    links.share(new_owner(), "model", "mine")
    assert links.find(token, "model") is None


def test_files_that_are_no_links_are_left_alone(home):
    (home / "links").mkdir(parents=True)
    for name, text in {"a": "{", "b": "[]", "c": '{"token": "../etc"}'}.items():
        (home / "links" / f"{name}.json").write_text(text)
    foreign = links.share(new_owner(), "model", "mine")
    (home / "links" / "d.json").write_text((home / "links" / f"{foreign.token}.json").read_text())
    restart()
    assert list(links._links().by_token) == [foreign.token]


def test_one_owner_has_a_bounded_number_of_links(home):
    owner = new_owner()
    first = links.share(owner, "model", "first")
    for number in range(links.MAX_LINKS):
        links.share(owner, "model", f"m{number}")
    assert links.find(first.token, "model") is None
    assert len(list((home / "links").iterdir())) == links.MAX_LINKS


def test_nobody_who_asks_for_a_link_waits_for_the_disk_on_which_one_is_made(monkeypatch):
    owner, writing, written = new_owner(), threading.Event(), threading.Event()
    link = links.share(owner, "run", "0" * 32)

    def slow_disk(path, data):
        writing.set()
        assert written.wait(PATIENCE)
        write_whole(path, data)

    monkeypatch.setattr(links, "write_whole", slow_disk)
    maker = threading.Thread(target=links.share, args=(owner, "follow"))
    maker.start()
    assert writing.wait(PATIENCE)
    answers = []

    def ask():
        answers.extend([links.find(link.token, "run"), links.shared(owner, "follow"), links.announced()])

    asker = threading.Thread(target=ask)
    asker.start()
    asker.join(PATIENCE)
    in_time = list(answers)
    written.set()
    maker.join()
    asker.join()
    assert in_time == [link, None, ()]
    assert links.shared(owner, "follow") is not None


# Models


def test_whoever_has_the_link_gets_the_model_until_it_is_taken_back(shipped):  # noqa: F811
    owner = new_owner()
    name = add(Library(owner), "Mine")
    token = links.share(owner, "model", name).token
    entry = library.shared_model(token)
    for visitor in ({}, {COOKIE: cookie_of(new_owner())}):
        response = Browser(application(), cookies=visitor).get(entry.url)
        assert response.content == entry.path.read_bytes()
        assert response.headers["cache-control"] == "private, no-cache"
        assert Browser(application(), cookies=visitor).get(Library(owner).get(name).url).status_code == 404
    links.stop_sharing(owner, "model", name)
    assert Browser(application()).get(entry.url).status_code == 404
    tagged = {"If-None-Match": response.headers["etag"]}
    assert Browser(application()).get(entry.url, headers=tagged).status_code == 404
    assert library.shared_model(token) is None


def test_a_link_follows_a_new_name_and_ends_with_its_model(shipped):  # noqa: F811
    own = Library(new_owner())
    token = links.share(own.owner, "model", add(own, "Mine")).token
    own.rename("mine", "Better")
    assert library.shared_model(token).title == "Better"
    own.delete("better")
    add(own, "Better")  # another model of the same name is not shared
    assert library.shared_model(token) is None


def test_a_link_cannot_lead_out_of_the_library(shipped, home):  # noqa: F811
    owner = new_owner()
    for what in ("../../../shipped/mnist-2", "..", "", "a/b"):
        assert library.shared_model(links.share(owner, "model", what).token) is None


def test_a_copy_of_a_shared_model_is_ones_own(shipped):  # noqa: F811
    owner, visitor = Library(new_owner()), Library(new_owner())
    token = links.share(owner.owner, "model", add(owner, "Mine")).token
    kept = visitor.keep_copy(token, library.shared_model(token).digest)
    owner.delete("mine")
    assert visitor.get(kept.name).title == "Mine"


def test_a_stale_page_copies_nothing_but_what_the_link_leads_to(shipped):  # noqa: F811
    owner, visitor = Library(new_owner()), Library(new_owner())
    token = links.share(owner.owner, "model", add(owner, "Mine")).token
    seen = library.shared_model(token)
    seen.path.write_bytes(bundle_bytes("Mine, but another"))
    with pytest.raises(LibraryError, match="another model than when this page was drawn"):
        visitor.keep_copy(token, seen.digest)
    links.stop_sharing(owner.owner, "model", "mine")
    owner.delete("mine")
    add(owner, "Mine")  # private: it only bears the same name
    with pytest.raises(LibraryError, match="stopped sharing"):
        visitor.keep_copy(token, seen.digest)
    assert visitor.usage() == (0, 0)


def test_a_model_that_is_saved_is_not_shared_because_its_name_once_was(shipped):  # noqa: F811
    own = Library(new_owner())
    token = links.share(own.owner, "model", add(own, "Mine")).token
    own.get("mine").path.unlink()  # behind the library's back
    name, _ = own.save_as("Mine", lambda path: Job("", "", "", state="running"))
    assert name == "mine"
    assert links.find(token, "model") is None


# Runs, over a real server


class FakeEngine:
    """One run, watched by guests."""

    def __init__(self, holder):
        self.holder = holder
        self.watchers = []

    def hello_facts(self):
        return {"history": []}

    def history_from(self, start):
        return []

    def subscribe(self, owner, run_id, loop, wake):
        raise PermissionError(run_id)

    def subscribe_guest(self, holder, run_id, loop, wake):
        if (holder, run_id) != (self.holder, "mine"):
            raise KeyError(run_id)
        watcher = Subscription(
            self, threading.RLock(), loop, wake, lambda *_: None, self.watchers.remove, is_guest=True
        )
        self.watchers.append(watcher)
        watcher.put("hello", {})
        return watcher


@pytest.fixture
def watched(monkeypatch):
    owner = new_owner()
    engine = FakeEngine(owner_hash(owner))
    monkeypatch.setattr(stream, "get_engine", lambda: engine)
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.1)
    with Server(application()) as server:
        yield server, engine, owner


def test_a_guest_watches_until_the_link_is_taken_back(watched):
    server, engine, owner = watched
    token = links.share(owner, "run", "mine").token
    with server.connect(f"/latent/watch/{token}") as guest:
        assert kind(guest.recv(timeout=PATIENCE)) == "hello"
        (watcher,) = engine.watchers
        links.stop_sharing(owner, "run", "mine")
        watcher.put("frame", {"step": 1})
        assert close_code(guest) == stream.TAKEN_BACK
        wait_until(lambda: not engine.watchers)
    with server.connect(f"/latent/watch/{token}") as late:
        assert close_code(late) == 4404


def test_a_quiet_run_shows_its_guests_out_too(watched):
    server, _, owner = watched
    token = links.share(owner, "run", "mine").token
    with server.connect(f"/latent/watch/{token}") as guest:
        guest.recv(timeout=PATIENCE)
        links.stop_sharing(owner, "run", "mine")
        assert close_code(guest) == stream.TAKEN_BACK


@pytest.mark.parametrize("case", ["model's token", "run's id", "foreign origin", "run is gone"])
def test_other_tokens_open_nothing(watched, case):
    server, engine, owner = watched
    token = links.share(owner, "run", "mine").token
    path, origin = f"/latent/watch/{token}", None
    if case == "model's token":
        path = f"/latent/watch/{links.share(owner, 'model', 'mine').token}"
    elif case == "run's id":
        path = "/latent/watch/mine"
    elif case == "run is gone":
        path = f"/latent/watch/{links.share(owner, 'run', 'gone').token}"
    else:
        origin = "http://evil.example"
    with server.connect(path, owner=owner, origin=origin) as guest:
        assert close_code(guest) == (4403 if origin else 4404)
    assert not engine.watchers


# Guests in the engine


def test_guests_neither_keep_a_run_going_nor_push_its_owner_out(tmp_path, monkeypatch):
    from tests.unit.engine.fake_worker import FakeWorker
    from vae_core.engine import Engine
    from vae_core.engine.contract.info import EngineBusyError
    from vae_core.engine.processes import supervisor
    from vae_core.engine.watching import watchers

    monkeypatch.setattr(supervisor, "WorkerProcess", FakeWorker)
    monkeypatch.setattr(watchers, "MAX_GUESTS", 2)
    engine = Engine(tmp_path)
    owner = new_owner()
    run = engine.start_run(owner, image_set="digits", model=SMALL, train=LONG)
    for _ in range(2):
        engine.subscribe_guest(run.owner, run.id, Loop(), lambda: None)
    with pytest.raises(EngineBusyError):
        engine.subscribe_guest(run.owner, run.id, Loop(), lambda: None)
    mine = engine.subscribe(owner, run.id, Loop(), lambda: None)
    attendance, archive = engine._parts.attendance, engine._scheduler.archive
    with engine._lock:
        attendance.tick(archive.runs[run.id].seen + 3600)
    assert engine.shared_run(run.owner, run.id).state == "running"  # the owner watches
    mine.close()
    with engine._lock:
        attendance.tick(archive.runs[run.id].seen + 3600)
    assert engine.shared_run(run.owner, run.id).state == "stopping"
    FakeWorker.made[-1].drop()
    assert engine.shared_run(run.owner, run.id).state == "parked"
    with pytest.raises(PermissionError):
        engine.shared_run(owner_hash(new_owner()), run.id)
    with pytest.raises(KeyError):
        engine.shared_run(run.owner, "0" * 32)
    engine.close()
