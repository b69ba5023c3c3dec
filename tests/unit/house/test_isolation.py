"""With another's ids in hand: every call of the engine, every route, every WebSocket refuses."""

import inspect

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL, Loop
from tests.unit.engine.fake_worker import FakeWorker
from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.identity.test_owner import (
    add,
    shipped,  # noqa: F401
)
from tests.unit.ui.served_routes import Server, application, close_code
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.library import links
from ui.library.library import Library
from ui.web.sockets import stream
from vae_core.engine import Engine
from vae_core.engine.processes import supervisor

BY_RUN = [
    name
    for name, call in inspect.getmembers(Engine, inspect.isfunction)
    if not name.startswith("_") and list(inspect.signature(call).parameters)[1:3] == ["owner", "run_id"]
]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "WorkerProcess", FakeWorker)
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    made = Engine(tmp_path / "home")
    yield made
    made.close()


def arguments(call, tmp_path):
    """Something for every argument that has no default."""
    given = {
        "path": tmp_path / "stolen.safetensors",
        "train": LONG,
        "step": 1,
        "loop": Loop(),
        "wake": lambda: None,
        "keyframes": (1,),
        "steps": 1,
    }
    needed = [
        name
        for name, parameter in list(inspect.signature(call).parameters.items())[3:]
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    return {name: given[name] for name in needed}


def test_the_list_of_calls_is_not_empty():
    assert {"pause", "resume", "set", "save_run", "step", "stop", "subscribe"} <= set(BY_RUN)


@pytest.mark.parametrize("name", BY_RUN)
def test_no_call_touches_anothers_run(engine, tmp_path, name):
    owner, stranger = new_owner(), new_owner()
    run = engine.start_run(owner, image_set="digits", model=SMALL, train=LONG)
    engine.start_run(stranger, image_set="digits", model=SMALL, train=LONG)
    call = getattr(Engine, name)
    for foreign in (stranger, new_owner(), run.owner, ""):
        with pytest.raises(PermissionError):
            getattr(engine, name)(foreign, run.id, **arguments(call, tmp_path))
    for wrong in ("0" * 32, "../" + run.id, ""):
        with pytest.raises(KeyError):
            getattr(engine, name)(owner, wrong, **arguments(call, tmp_path))
    assert engine.run(owner, run.id).state == "running"
    assert len(engine.runs(stranger)) == 1
    assert not (tmp_path / "stolen.safetensors").exists()


def test_another_owner_sees_none_of_my_runs_and_jobs(engine):
    owner, stranger = new_owner(), new_owner()
    run = engine.start_run(owner, image_set="digits", model=SMALL, train=LONG)
    assert engine.current_run(stranger) is None
    assert engine.runs(stranger) == ()
    assert run.owner not in (owner, stranger)  # the cookie's value is nowhere shown


def test_routes_give_nothing_of_anothers(shipped, engine, monkeypatch):  # noqa: F811
    monkeypatch.setattr(stream, "get_engine", lambda: engine)
    owner, stranger = new_owner(), new_owner()
    own = Library(owner)
    entry = own.get(add(own, "Mine"))
    run = engine.start_run(owner, image_set="digits", model=SMALL, train=LONG)
    asked = Browser(application(), cookies={COOKIE: cookie_of(stranger)})
    for path in (
        entry.url,
        f"/latent/shared/{'A' * 32}/{entry.digest}.safetensors",
        f"/latent/shared/{entry.name}/{entry.digest}.safetensors",
        f"/latent/runs/{run.id}/keyframes/0.safetensors",
        f"/latent/watch/{run.id}",
        f"/latent/stream/{run.id}",
    ):
        assert asked.get(path).status_code == 404, path
    with Server(application()) as server:
        for path, code in (
            (f"/latent/stream/{run.id}", 4403),
            (f"/latent/watch/{run.id}", 4404),
            (f"/latent/watch/{'A' * 32}", 4404),
        ):
            with server.connect(path, owner=stranger) as websocket:
                assert close_code(websocket) == code, path


def test_a_link_to_anothers_things_lets_nobody_in(shipped, engine):  # noqa: F811
    owner, thief = new_owner(), new_owner()
    own = Library(owner)
    entry = own.get(add(own, "Mine"))
    run = engine.start_run(owner, image_set="digits", model=SMALL, train=LONG)
    model_link = links.share(thief, "model", entry.name)
    run_link = links.share(thief, "run", run.id)
    path = f"/latent/shared/{model_link.token}/{entry.digest}.safetensors"
    assert Browser(application()).get(path).status_code == 404
    with pytest.raises(PermissionError):
        engine.shared_run(run_link.owner, run.id)
    with pytest.raises(PermissionError):
        engine.subscribe_guest(run_link.owner, run.id, Loop(), lambda: None)
