"""What earlier versions left on disk opens in this one: runs go on, models, links and posts are found.

`tests/data/homes/<version>/home.tar.xz` is the folder of data as that version laid it out, with its own
engine and worker processes, and `expected.json` what it said of it then. `tests/data/homes/make.py` made both
at that version's commit (`python -m tests.data.homes.make`): an owner starts a run of three dimensions and
stops it, lets an autoencoder train to its end, changes beta and the learning rate of a third run, leaves it
within an epoch, branches from a keyframe of it twice, once with no room left to begin in, saves the first
run's model with its UMAP, shares it and the third run, and posts that one's map. They are never made anew for
a newer version: that gets a folder of its own.
"""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from safetensors.torch import load

from ui.classroom import wall
from ui.library import links as model_links
from ui.library.library import Library, shared_model
from vae_core import Bundle, ModelConfig, TrainConfig, encode_images, load_bundle
from vae_core.engine import Engine, RunInfo

HOMES: Final = sorted((Path(__file__).parents[2] / "data" / "homes").glob("*/expected.json"))
RUNS: Final = ("parked", "stopped", "autoencoder", "branch", "waiting")
RESTING: Final = ("parked", "stopped", "branch", "waiting")
EXACT: Final = 1e-5
ROUNDED: Final = 1e-5
"""A bundle keeps six digits of its history."""

ENCODED: Final = 1e-4
"""What another processor's rounding may make of a posterior mean, and of the picture decoded from it."""

TRAINED: Final = 2e-3
"""And, relatively, of the measurements after some epochs more."""

LAST_DIGIT: Final = 2e-5
"""What the last digit of a dimension's KL may differ by: a history keeps five after the point."""

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclass(frozen=True)
class Home:
    """Hold a folder of data of an earlier version, unpacked, and what is to be found in it."""

    folder: Path
    expected: dict[str, Any]

    @property
    def owner(self) -> str:
        return str(self.expected["owner"])

    def id(self, name: str) -> str:
        return str(self.expected["runs"][name]["id"])


def unpacked(expected: Path, folder: Path) -> Home:
    """Unpack a home; its files are as young as if its owner had been here today, or its runs would go."""
    with tarfile.open(expected.with_name("home.tar.xz")) as file:
        for member in file:
            content = file.extractfile(member)
            assert content is not None, f"{member.name} is no file"
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
    return Home(folder, json.loads(expected.read_text(encoding="utf-8")))


@pytest.fixture(scope="module", params=HOMES, ids=lambda path: path.parent.name)
def version(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def home(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that nothing has touched, in its place."""
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    return unpacked(version, tmp_path)


@pytest.fixture
def opened(home: Home) -> Iterator[Engine]:
    """An engine that has just opened it; its workers start when something is asked of them."""
    engine = Engine(home.folder)
    yield engine
    engine.close()


@dataclass(frozen=True)
class Going:
    """Hold a home in which runs go on, with the engine that lets them."""

    home: Home
    engine: Engine

    def run(self, name: str) -> RunInfo:
        return self.engine.run(self.home.owner, self.home.id(name))


@pytest.fixture(scope="module")
def going(version: Path, one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Going]:
    """One home and engine, with real worker processes, for all that goes on: no run knows of the others."""
    home = unpacked(version, tmp_path_factory.mktemp("home"))
    engine = Engine(home.folder)
    yield Going(home, engine)
    engine.close()


def until(condition: Callable[[], Any], what: str, seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        time.sleep(0.02)
    return found


def as_stored(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    return json.loads(json.dumps(value))


def test_there_is_a_home_of_an_earlier_version() -> None:
    assert HOMES


def test_every_run_is_listed_as_it_was(home: Home, opened: Engine) -> None:
    found = {run.id: run for run in opened.runs(home.owner)}
    assert set(found) == {home.id(name) for name in RUNS}
    for name in RUNS:
        run, expected = found[home.id(name)], dict(home.expected["runs"][name])
        expected.pop("end", None)
        if run.step == 0:
            del expected["epoch"]  # of a branch that has not begun its parent's facts say where it will
        assert run.model == ModelConfig.from_dict(expected.pop("model"))  # what is new has its default
        assert run.train == TrainConfig.from_dict(expected.pop("train"))
        assert as_stored({each: getattr(run, each) for each in expected}) == expected
    assert opened.current_run(home.owner).id == home.id("waiting")


def test_it_has_what_can_go_wrong(home: Home) -> None:
    """Or the other tests would pass on a home in which nothing much is."""
    runs = home.expected["runs"]
    assert [runs[name]["state"] for name in RUNS] == ["parked", "stopped", "done", "parked", "parked"]
    assert [mark["text"] for mark in runs["parked"]["marks"]] == [
        "beta 1 → 2.5",
        "learning rate 0.002 → 0.001",
    ]
    assert runs["parked"]["step"] % 12 > 0, "it was put aside within an epoch"
    assert len(runs["parked"]["keyframes"]) >= 2
    assert runs["branch"]["parent"]["run"] == runs["waiting"]["parent"]["run"] == runs["parked"]["id"]
    assert (runs["waiting"]["step"], runs["waiting"]["keyframes"]) == (0, [])
    assert runs["autoencoder"]["model"]["family"] == "autoencoder"


@pytest.mark.parametrize("name", RUNS)
def test_its_keyframes_open(home: Home, opened: Engine, name: str) -> None:
    expected = home.expected["runs"][name]
    for each in expected["keyframes"]:
        arrays = load(opened.keyframe(home.owner, home.id(name), each["step"]).read_bytes())
        assert arrays["mean"].shape[1] == expected["model"]["latent_dim"]
        weights = [array for key, array in arrays.items() if key.startswith("decoder.")]
        assert weights
        assert all(array.isfinite().all() for array in weights)


@pytest.mark.parametrize("name", RESTING)
def test_a_run_goes_on_to_where_it_would_have_ended(going: Going, name: str) -> None:
    expected = going.home.expected["runs"][name]
    going.engine.resume(going.home.owner, going.home.id(name))
    done = until(
        lambda: (now := going.run(name)).state in ("done", "failed") and now, f"the end of the {name} run"
    )
    assert (done.state, done.error) == ("done", "")
    assert expected["step"] < done.step == expected["end"]["step"]
    assert as_stored(done.marks) == expected["end"]["marks"]
    assert done.keyframes[-1]["step"] == done.step
    assert done.history[: len(expected["history"])] == tuple(expected["history"])
    same_history(done.history, expected["end"]["history"], TRAINED)


def test_a_moment_of_its_past_becomes_a_model(going: Going, tmp_path: Path) -> None:
    expected, path = going.home.expected["moment"], tmp_path / "moment.safetensors"
    job = going.engine.save_run(
        going.home.owner, going.home.id("parked"), path, "Then", step=expected["step"]
    ).wait(120)
    assert (job.state, job.error) == ("done", "")
    compare(load_bundle(path), expected, ENCODED)


def test_the_model_is_in_its_owners_library_and_opens(home: Home) -> None:
    expected = home.expected["model"]
    library = Library(home.owner)
    assert library.unreadable() == ()
    (own,) = (entry for entry in library.models() if not entry.shipped)
    assert (own.name, own.title, own.has_umap) == (expected["name"], expected["title"], True)
    bundle = load_bundle(own.path)
    stopped = home.expected["runs"]["stopped"]
    assert bundle.model_config == ModelConfig.from_dict(stopped["model"])
    assert bundle.train_config == TrainConfig.from_dict(stopped["train"])
    same_history(bundle.history, stopped["history"], ROUNDED)
    assert set(bundle.projections) == {"pca", "umap"}
    compare(bundle, expected, EXACT)
    encoded = encode_images(bundle.model, bundle.probe.images)
    assert torch.allclose(encoded.mean, bundle.probe.mean, atol=ENCODED)


def same_history(
    found: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]], tolerance: float
) -> None:
    """Assert that two runs were measured alike, relatively; how long they took is another matter."""
    for entry, before in zip(found, expected, strict=True):
        assert set(entry) == set(before)
        for name in set(before) - {"seconds"}:
            assert entry[name] == pytest.approx(before[name], rel=tolerance, abs=LAST_DIGIT), (
                f"{name} at step {before['step']}"
            )


def compare(bundle: Bundle, expected: dict[str, Any], tolerance: float) -> None:
    """Assert that a model places the first of its images, and decodes them, as it did."""
    means = torch.tensor(expected["means"])
    assert torch.allclose(bundle.probe.mean[: len(means)], means, rtol=0, atol=tolerance)
    with torch.no_grad():
        decoded = bundle.model.decode_images(means).flatten(1)
    assert torch.allclose(decoded, torch.tensor(expected["decoded"]), rtol=0, atol=tolerance)
    assert set(bundle.projections) == set(expected["positions"])
    for name, positions in expected["positions"].items():
        found = bundle.projections[name].positions[: len(means)]
        assert torch.allclose(found, torch.tensor(positions), rtol=0, atol=10 * tolerance), name


def test_the_links_lead_where_they_led(home: Home, opened: Engine) -> None:
    links = home.expected["links"]
    model = shared_model(links["model"]["token"])
    assert (model.name, model.title) == (links["model"]["what"], home.expected["model"]["title"])
    link = model_links.find(links["run"]["token"], "run")
    run = opened.shared_run(link.owner, link.what)
    assert run.id == links["run"]["what"] == home.id("parked")
    assert model_links.shared(home.owner, "run", run.id) == link


def test_the_post_hangs_on_the_wall(home: Home) -> None:
    (post,) = wall.posts()
    assert {name: getattr(post, name) for name in home.expected["post"]} == home.expected["post"]
    assert wall.is_mine(post, home.owner)
    assert post.picture().startswith(b"\x89PNG")
