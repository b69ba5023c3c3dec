"""Follow me: what a leader says, what followers get, and what nobody else does."""

import contextlib
import json

import pytest

from tests.unit.ui.asgi_client import Browser
from tests.unit.ui.identity.test_owner import (
    add,
    bundle_bytes,
    shipped,  # noqa: F401
)
from tests.unit.ui.served_routes import PATIENCE, Server, application, close_code, wait_until
from ui.identity.owner import new_owner
from ui.library import links
from ui.library.library import Library
from ui.web.sockets import following
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import RunInfo
from vae_core.storage.home import owner_hash

RUN = "0" * 31 + "1"


class FakeEngine:
    def __init__(self, owner, folder):
        self.owner = owner
        self.folder = folder

    def shared_keyframe(self, holder, run_id, step):
        assert holder == owner_hash(self.owner)
        if step != 7:
            raise KeyError(step)
        path = self.folder / "7.safetensors"
        path.write_bytes(b"moment 7")
        return path

    def run(self, owner, run_id):
        if run_id != RUN:
            raise KeyError(run_id)
        if owner != self.owner:
            raise PermissionError(run_id)
        return RunInfo(RUN, owner_hash(owner), "running", "a run", "digits", ModelConfig(), TrainConfig())

    def subscribe_guest(self, holder, run_id, loop, wake):
        raise PermissionError(run_id)  # let in thus far


@pytest.fixture
def lesson(shipped, monkeypatch, tmp_path_factory):  # noqa: F811
    owner = new_owner()
    folder = tmp_path_factory.mktemp("keyframes")
    monkeypatch.setattr(following, "get_engine", lambda: FakeEngine(owner, folder))
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.1)
    token = links.share(owner, "follow").token
    with Server(application()) as server:
        yield server, owner, token
    following._VIEWS.clear()


def say(**facts):
    return json.dumps({"model": None, "run": None, "z": None, "axes": None, **facts})


@contextlib.contextmanager
def both(server, owner, token):
    """The leader's connection and a follower's."""
    follower = server.connect(f"/latent/follow/{token}")
    with server.connect("/latent/lead", owner=owner) as leader, follower as one:
        yield leader, one


def hear(websocket, **wanted):
    """Receive until something comes that holds what is wanted."""
    while True:
        said = json.loads(websocket.recv(timeout=PATIENCE))
        if all(said.get(name) == value for name, value in wanted.items()):
            return said


def test_followers_move_along_and_late_ones_find_the_newest(lesson):
    server, owner, token = lesson
    with (
        server.connect("/latent/lead", owner=owner) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        assert hear(one) == {"mode": None}
        leader.send(say(model="mnist-2", z=[0.12349, -1], axes="0,1"))
        said = hear(one, mode="explore")
        assert said["bundle"]["url"] == Library(None).get("mnist-2").url
        assert (said["z"], said["axes"]) == ([0.123, -1.0], "0,1")
        for step in range(50):
            leader.send(say(model="mnist-2", z=[step, step]))
        hear(one, z=[49.0, 49.0])
        assert following.follower_count(token) == 1
        with server.connect(f"/latent/follow/{token}") as late:
            assert hear(late)["z"] == [49.0, 49.0]
    wait_until(lambda: following.follower_count(token) == 0)


def test_followers_are_told_all_that_is_chosen(lesson):
    server, owner, token = lesson
    chosen = {
        "layers": ["prior", "ellipses"],
        "by": "class",
        "hidden": [1, 4],
        "ranges": [-2.5, 2.5, -1.0, 3.0],
        "size": [700, 560],
        "walk": {"from": 3, "to": 30, "method": "slerp", "steps": 7, "at": 0.25},
        "slow": {"update": 128, "step": 2, "image": 1},
        "moment": 64,
        "look": {"image": 12, "how": "sample", "away": 0.0, "reach": "data", "label": 3},
    }
    with both(server, owner, token) as (leader, one):
        leader.send(say(model="mnist-2", page="interpolate", z=[0, 0], **chosen, more="<script>"))
        said = hear(one, mode="interpolate")
        assert {name: said[name] for name in chosen} == chosen
        assert "more" not in said
        leader.send(say(model="mnist-2", page="explore", z=[0, 0]))
        said = hear(one, mode="explore")
        assert all(said[name] is None for name in chosen)


def test_an_own_model_is_open_to_followers_only_while_it_is_shown(lesson):
    server, owner, token = lesson
    entry = Library(owner).get(add(Library(owner), "Mine"))
    path = f"/latent/follow/{token}/model/{entry.digest}.safetensors"
    assert Browser(application()).get(path).status_code == 404
    with (
        server.connect("/latent/lead", owner=owner) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        leader.send(say(model="mine", z=[0, 0]))
        assert hear(one, mode="explore")["bundle"]["url"] == path
        assert Browser(application()).get(path).content == entry.path.read_bytes()
        leader.send(say(model="mnist-2", z=[0, 0]))
        hear(one, z=[0.0, 0.0], mode="explore")
        wait_until(lambda: Browser(application()).get(path).status_code == 404)


def test_another_model_under_the_shown_ones_name_is_not_open_to_followers(lesson):
    server, owner, token = lesson
    entry = Library(owner).get(add(Library(owner), "Mine"))
    path = f"/latent/follow/{token}/model/{entry.digest}.safetensors"
    with both(server, owner, token) as (leader, one):
        leader.send(say(model="mine", z=[0, 0]))
        hear(one, mode="explore")
        assert Browser(application()).get(path).status_code == 200
        Library(owner).delete("mine")
        entry.path.write_bytes(bundle_bytes("Private"))
        assert Browser(application()).get(path).status_code == 404
        assert following.followed_model(token) is None


def test_a_run_is_open_to_followers_only_while_it_is_shown(lesson):
    server, owner, token = lesson
    path = f"/latent/follow/{token}/run/{RUN}"
    with server.connect(path) as guest:
        assert close_code(guest) == 4404
    with (
        server.connect("/latent/lead", owner=owner) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        leader.send(say(run=RUN, z=[0, 0]))
        stream = {"url": path, "run": RUN, "keyframes": f"{path}/keyframes"}
        assert hear(one, mode="train")["stream"] == stream
        assert Browser(application()).get(f"{path}/keyframes/7.safetensors").content == b"moment 7"
        assert Browser(application()).get(f"{path}/keyframes/8.safetensors").status_code == 404
        with server.connect(path) as guest:
            assert close_code(guest) == 4403  # the engine was asked
        leader.send(say())
        hear(one, mode=None)
        with server.connect(path) as guest:
            assert close_code(guest) == 4404
        assert Browser(application()).get(f"{path}/keyframes/7.safetensors").status_code == 404


def test_followers_are_told_that_what_a_leader_sees_is_someone_elses(lesson):
    server, owner, token = lesson
    entry = Library(owner).get(add(Library(owner), "Mine"))
    path = f"/latent/follow/{token}/model/{entry.digest}.safetensors"
    with both(server, owner, token) as (leader, one):
        leader.send(say(model="mine", z=[0, 0]))
        hear(one, mode="explore")
        leader.send(json.dumps({"foreign": True}))
        assert hear(one, foreign=True)["mode"] is None
        assert Browser(application()).get(path).status_code == 404
        leader.send(say(model="mine", foreign=True))  # nothing that comes with it is shown
        leader.send(say(model="mnist-2", z=[1, 1]))
        assert "foreign" not in hear(one, mode="explore")


@pytest.mark.parametrize(
    "subject", [{"model": "theirs"}, {"run": RUN}, {"model": "../mnist-2"}, {"run": "x"}]
)
def test_a_leader_shows_nothing_of_others(lesson, subject):
    server, owner, _ = lesson
    thief = new_owner()
    add(Library(owner), "Theirs")
    token = links.share(thief, "follow").token
    with (
        server.connect("/latent/lead", owner=thief) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        leader.send(say(**subject, z=[1, 1]))
        assert hear(one, z=[1.0, 1.0])["mode"] is None


def test_who_may_lead_and_follow(lesson):
    server, owner, token = lesson
    cases = [
        ("/latent/lead", {}, 4403),
        ("/latent/lead", {"owner": new_owner()}, 4404),
        ("/latent/lead", {"owner": owner, "origin": "http://evil.example"}, 4403),
        (f"/latent/follow/{'A' * 32}", {}, 4404),
        (f"/latent/follow/{links.share(owner, 'run', RUN).token}", {}, 4404),
        (f"/latent/follow/{token}", {"origin": "http://evil.example"}, 4403),
    ]
    for path, settings, code in cases:
        with server.connect(path, **settings) as websocket:
            assert close_code(websocket) == code, path


def test_taking_the_link_back_ends_the_lesson(lesson):
    server, owner, token = lesson
    with (
        server.connect("/latent/lead", owner=owner) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        leader.send(say(model="mnist-2", z=[0, 0]))
        hear(one, mode="explore")  # so the leader has been let in
        links.stop_sharing(owner, "follow")
        assert close_code(one) == 4410
        leader.send(say())
        assert close_code(leader) == 4410


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 5000,
        "x" * 9000,
        b"\x00",
        '{"z": [NaN]}',
        '{"z": [1e999]}',
        '{"z": [' + "9" * 500 + "]}",
        '{"z": ["1"]}',
        '{"z": [true]}',
        json.dumps({"z": [0] * 129}),
        '{"axes": "<script>"}',
        '{"run": 1}',
        '{"layers": "prior"}',
        '{"layers": ["<b>"]}',
        '{"hidden": [-1]}',
        '{"by": 3}',
        '{"ranges": [1, 0, 0, 1]}',
        '{"ranges": [0, 1, 0]}',
        '{"size": [0, 100]}',
        '{"walk": {"from": 1, "to": 2, "method": "drunk", "steps": 9, "at": 0}}',
        '{"walk": {"from": 1, "to": 2, "method": "slerp", "steps": 9, "at": 2}}',
        '{"walk": [1]}',
        '{"slow": {"update": 1, "step": 0}}',
        '{"moment": -1}',
        '{"look": {"image": 1, "how": "askance", "away": 0, "reach": "data", "label": 0}}',
    ],
)
def test_nonsense_ends_only_the_one_who_says_it(lesson, text):
    server, owner, token = lesson
    with (
        server.connect("/latent/lead", owner=owner) as leader,
        server.connect(f"/latent/follow/{token}") as one,
    ):
        hear(one)
        leader.send(text)
        assert close_code(leader) == 1003
        with server.connect("/latent/lead", owner=owner) as again:
            again.send(say(model="mnist-2", z=[2, 2]))
            hear(one, z=[2.0, 2.0])


def test_a_follower_has_nothing_to_say(lesson):
    server, _, token = lesson
    with server.connect(f"/latent/follow/{token}") as one:
        one.send("{}")  # a sign of life
        hear(one)
        one.send(say(model="mnist-2"))
        assert close_code(one) == 1003
