"""What the page tests share: a library of two shipped models, an engine without workers, and a component
that keeps what it was told and says what a test lets it say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from vae_core import ModelConfig, TrainConfig
from vae_core.bundles.header import FORMAT, FORMAT_VERSION
from vae_core.config.effort import step_effort
from vae_core.engine import Job, RunInfo
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.models.layers.lists import stored_of
from vae_core.storage import tensorfile

ROOT = Path(__file__).resolve().parents[2]
PROBE = 12


def write_model(path: Path, model: ModelConfig, *, title: str, metrics: dict[str, Any] | None = None) -> Path:
    """Write a file whose header is a bundle's; its weights are zeros, which no page ever looks at."""
    latent = model.latent_dim
    weights = {name: shape for net in model.placed() for name, shape in stored_of(net).items()}
    arrays = {
        **{name: np.zeros(shape, np.float16) for name, shape in weights.items()},
        "probe.images": np.zeros((PROBE, *model.image_shape), np.uint8),
        "probe.mean": np.zeros((PROBE, latent), np.float32),
        "probe.labels": np.arange(PROBE, dtype=np.int64) % 10,
    }
    if model.latent_kind == "gaussian":
        arrays["probe.logvar"] = np.zeros((PROBE, latent), np.float32)
    if latent > 2:
        arrays["umap.positions"] = np.zeros((PROBE, 2), np.float32)
    history = [{"epoch": n, "log_likelihood": -100 - 50 / n, "kl": 5.0} for n in (1, 2, 3)]
    images = {"name": "mnist", "title": "MNIST: handwritten digits", "label_names": list("0123456789")}
    texts = {
        "model_config": model.to_dict(),
        "layers": nets_to_json(model.layers()),
        "train_config": TrainConfig().to_dict(),
        "image_set": images,
        "metrics": metrics or {},
        "history": history,
        "card": {"title": title},
    }
    metadata = {name: json.dumps(value) for name, value in texts.items()}
    metadata |= {"format": FORMAT, "format_version": str(FORMAT_VERSION)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tensorfile.pack(arrays, metadata))
    return path


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class FakeEngine:
    """Answers as the engine does, at once and without workers; keeps what it was asked."""

    current: RunInfo | None = None
    earlier: list[RunInfo] = field(default_factory=list)
    others: RunInfo | None = None
    everyone: list[RunInfo] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    outcome: Callable[[str, dict[str, Any]], Job] | None = None
    refuses: Exception | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    purposes: dict[str, Job] = field(default_factory=dict)
    speed: float = 1e15
    damaged: tuple[str, ...] = ()

    def step_seconds(self, model: ModelConfig, train: TrainConfig) -> float:
        return step_effort(model, train) / self.speed

    def current_run(self, owner: str) -> RunInfo | None:
        return self.current

    def runs(self, owner: str) -> tuple[RunInfo, ...]:
        return (*([self.current] if self.current else []), *self.earlier)

    def damaged_runs(self, owner: str) -> tuple[str, ...]:
        return self.damaged

    def run(self, owner: str, run_id: str) -> RunInfo:
        return {run.id: run for run in self.runs(owner)}[run_id]

    def choose(self, owner: str, run_id: str) -> RunInfo:
        self._ask("choose", run_id)
        (chosen,) = [run for run in self.earlier if run.id == run_id]
        self.earlier = [run for run in self.runs(owner) if run is not chosen]
        self.current = chosen
        return chosen

    def all_runs(self) -> tuple[tuple[RunInfo, int], ...]:
        return tuple((run, 0) for run in self.everyone)

    def all_jobs(self) -> tuple[Job, ...]:
        return tuple(self.jobs.values())

    def worker_pids(self) -> dict[str, int]:
        return {}

    def park_any(self, run_id: str) -> None:
        self._ask("park_any", run_id)

    def stop_any(self, run_id: str) -> None:
        self._ask("stop_any", run_id)

    def stored_map(self, owner: str, run_id: str) -> tuple[bytes, bytes]:
        probe = tensorfile.pack({"probe.images": np.zeros((9, 1, 8, 8), np.uint8)}, {})
        return probe, tensorfile.pack({"mean": np.zeros((9, 2), np.float16)}, {})

    def shared_run(self, holder: str, run_id: str) -> RunInfo:
        if self.others is None or (self.others.owner, self.others.id) != (holder, run_id):
            raise KeyError(run_id)
        return self.others

    def start_run(
        self,
        owner: str,
        *,
        image_set: str,
        model: ModelConfig,
        train: TrainConfig,
        title: str = "",
        begin_with: Path | None = None,
    ) -> RunInfo:
        self._ask("start_run", image_set, model, train, *([begin_with.stem] if begin_with else []))
        self.current = RunInfo("run-1", "hash", "running", title, image_set, model, train, total_steps=100)
        return self.current

    def _become(self, name: str, state: str, **changes: Any) -> None:
        self._ask(name)
        assert self.current is not None
        self.current = replace(self.current, state=state, **changes)

    def pause(self, owner: str, run_id: str) -> None:
        self._become("pause", "paused")

    def resume(self, owner: str, run_id: str) -> None:
        self._become("resume", "running")

    def step(self, owner: str, run_id: str, steps: int = 1) -> None:
        assert self.current is not None
        self._become("step", "paused", step=self.current.step + steps)

    def epoch(self, owner: str, run_id: str) -> None:
        self._become("epoch", "running")

    def explain(self, owner: str, run_id: str) -> None:
        self._become("explain", "paused")

    def branch(
        self, owner: str, run_id: str, step: int | None = None, *, train: TrainConfig, title: str = ""
    ) -> RunInfo:
        self._ask("branch", step, train, title)
        assert self.current is not None
        self.current = replace(self.current, id="run-2", state="running", train=train, title=title)
        return self.current

    def film(self, owner: str, run_id: str) -> Job:
        self._ask("film")
        self.purposes[f"film of {run_id}"] = self._job("film", {})
        return self.purposes[f"film of {run_id}"]

    def stop(self, owner: str, run_id: str) -> None:
        self._become("stop", "stopped")

    def set(self, owner: str, run_id: str, **settings: float) -> None:
        self._ask("set", settings)

    def save_run(self, owner: str, run_id: str, path: Path, **more: Any) -> Job:
        self._ask("save_run", path.stem, more)
        return self._job("save_run", {})

    def submit(self, owner: str, function: str, **arguments: Any) -> Job:
        self._ask("submit", function, arguments)
        return self._job(function, arguments)

    def begin(
        self, owner: str, purpose: str, function: str, *, is_shared: bool = False, **arguments: Any
    ) -> Job:
        return self.begun(owner, purpose) or self.begin_anew(owner, purpose, function, **arguments)

    def begin_anew(self, owner: str, purpose: str, function: str, **arguments: Any) -> Job:
        self.purposes[purpose] = self.submit(owner, function, **arguments)
        return self.purposes[purpose]

    def begun(self, owner: str, purpose: str) -> Job | None:
        return self.purposes.get(purpose)

    def job(self, owner: str, job_id: str) -> Job:
        return self.jobs[job_id]

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.refuses is not None:
            raise self.refuses

    def _job(self, function: str, arguments: dict[str, Any]) -> Job:
        job = self.outcome(function, arguments) if self.outcome else done(png())
        job.id, job.function = f"job-{len(self.jobs)}", function
        self.jobs[job.id] = job
        return job


def done(result: Any) -> Job:
    job = Job("", "hash", "", state="done", progress=1.0, result=result)
    job._finished.set()
    return job


def failed(error: str) -> Job:
    job = Job("", "hash", "", state="failed", error=error)
    job._finished.set()
    return job


def unfinished(progress: float = 0.4, message: str = "") -> Job:
    return Job("", "hash", "", state="running", progress=progress, message=message)


@dataclass
class FakeExplorer:
    """Stands for the browser component."""

    told: list[dict[str, Any]] = field(default_factory=list)
    says: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **data: Any) -> None:
        self.told.append(data)

    def chosen(self, key: str, entry: Any = None, run: Any = None) -> SimpleNamespace:
        return SimpleNamespace(
            **{
                "z": None,
                "axes": None,
                "layers": None,
                "from_": None,
                "to": None,
                "keyframe": None,
                "order": None,
            }
            | self.says
        )


class App:
    """The app under AppTest: opens pages and finds elements by key."""

    def __init__(self) -> None:
        self.test = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=20)

    def open(self, page: str, **query: str) -> App:
        """Open a page as a cold link would: with nothing known but its URL."""
        for name, value in query.items():
            self.test.query_params[name] = value
        if page != "explore":
            self.test.switch_page(str(ROOT / "pages" / f"{page}.py"))
        return self.run()

    def go(self, page: str) -> App:
        """Go on to another page, as a click in the navigation does."""
        self.test.query_params.clear()
        self.test.switch_page(str(ROOT / "pages" / f"{page}.py"))
        return self.run()

    def run(self) -> App:
        self.test.run()
        assert not self.test.exception, [error.value for error in self.test.exception]
        return self

    def click(self, key: str) -> App:
        self.test.button(key=key).click()
        return self.run()

    @property
    def url(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.test.query_params.items()}

    @property
    def captions(self) -> str:
        return "\n".join(caption.value for caption in self.test.caption)

    @property
    def said(self) -> str:
        """The captions as a reader sees them."""
        return self.captions.replace("\\", "").replace("\u2060", "")

    @property
    def text(self) -> str:
        return "\n".join([self.captions, *(markdown.value for markdown in self.test.markdown)])
