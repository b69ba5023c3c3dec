"""A run that the test plays: the server's end of the stream and of the keyframes, in the test's hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from playwright.sync_api import Page, Route, WebSocketRoute

from tests.browser.small_models import lively_model
from tests.browser.waiting import two_frames, until
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.watching.messages import message
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.storage.tensorfile import pack

COUNT = 40
EPOCH = 100


class FakeRun:
    """The server's end of the stream, in the test's hands."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.random = np.random.default_rng(0)
        self.codes = self.random.normal(size=(COUNT, config.latent_dim)).astype(np.float16)
        self.sockets: list[WebSocketRoute] = []
        self.heard: list[dict[str, Any]] = []
        self.name = "r1"
        self.seq = 0
        self.refuse_with = 0
        self.moments: dict[int, np.ndarray] = {}
        """Codes of the keyframes, by step."""
        self.marks: list[dict[str, Any]] = []
        self.parent: dict[str, Any] | None = None
        self.at: dict[str, Any] = {"step": 0, "epoch": 0.0}
        """How far it is when someone comes to watch."""
        self.fetched: list[int] = []

    def connect(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self.heard.append(json.loads(text)))
        if self.refuse_with:
            socket.close(code=self.refuse_with)
            return
        self.hello()

    def send(self, kind: str, facts: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> int:
        self.seq += 1
        self.sockets[-1].send(message(kind, self.seq, facts, pack(arrays or {}, {})))
        return self.seq

    def hello(self, state: str = "running", history: tuple = ()) -> None:
        facts = {
            "run": self.name,
            "state": state,
            "model": self.config.to_dict(),
            "layers": nets_to_json(self.config.layers()),
            "family": self.config.traits.to_dict(),
            "train": TrainConfig(epochs=4).to_dict(),
            "image_set": "noise",
            "title": "Noise",
            "label_names": ["a", "b"],
            "factor_names": [],
            "history": list(history),
            "probe_count": COUNT,
            "total_steps": 4 * EPOCH,
            "plane": "latent" if self.config.latent_dim < 3 else "pca",
            "parent": self.parent,
            **self.at,
            **self.kept(),
        }
        images = self.random.integers(0, 256, (COUNT, *self.config.image_shape), dtype=np.uint8)
        self.send("hello", facts, {"probe.images": images, "probe.labels": np.arange(COUNT) % 2})

    def facts(self, step: int) -> dict[str, Any]:
        has_kl = self.config.latent_kind == "gaussian"
        return {
            "step": step,
            "epoch": step / EPOCH,
            "seconds": step / 10,
            "beta": 1.0,
            "learning_rate": 1e-3,
            "log_likelihood": -200.0 + step,
            "kl": 5.0 if has_kl else None,
            "kl_per_dim": [2.5] * self.config.latent_dim if has_kl else None,
            "images_per_second": 1234.0,
            "eta_seconds": 75.0,
        }

    def frame(self, step: int, index: np.ndarray, mean: np.ndarray, **more: np.ndarray) -> int:
        arrays = {"index": index.astype(np.int32), "mean": mean.astype(np.float16)}
        return self.send("frame", self.facts(step), arrays | more)

    def snapshot(self, step: int, **changes: Any) -> int:
        facts, arrays = self.shown(step, self.codes)
        return self.send("snapshot", facts | changes, arrays)

    def shown(self, step: int, codes: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a snapshot of a step has."""
        dims = self.config.latent_dim
        pictures = self.random.integers(0, 256, (8, *self.config.image_shape), dtype=np.uint8)
        arrays = {"mean": codes, "reconstructions": pictures, "originals": pictures, "samples": pictures}
        facts = self.facts(step) | {
            "test_log_likelihood": -210.0 + step,
            "test_kl": None,
            "test_kl_per_dim": None,
            "explained_variance": 0.5,
            "history_tail": [],
        }
        if self.config.latent_kind == "gaussian":
            arrays |= {"logvar": np.full_like(codes, -2)}
            facts |= {"test_kl": 4.0, "test_kl_per_dim": [2.25] * dims}
        if not self.config.has_encoder:
            arrays = {"samples": pictures}
        elif dims > 1:
            arrays |= {
                "pca.mean": np.zeros(dims, np.float32),
                "pca.components": np.eye(2, dims, dtype=np.float32),
            }
        return facts, arrays

    def decoder(self, scale: float = 1.0) -> dict[str, np.ndarray]:
        state = lively_model(self.config).decoder.state_dict()
        return {f"decoder.{name}": (scale * tensor).half().numpy() for name, tensor in state.items()}

    def weights(self, step: int) -> None:
        self.send("weights", {"step": step}, self.decoder())

    # The run's past

    def keep(self, *steps: int) -> None:
        """Have keyframes at these steps, each with codes of its own, and say so."""
        for step in steps:
            self.moments.setdefault(step, self.random.normal(size=self.codes.shape).astype(np.float16))
        self.send("timeline", self.kept())

    def kept(self) -> dict[str, Any]:
        moments = [{"step": step, "epoch": step / EPOCH} for step in sorted(self.moments)]
        return {"keyframes": moments, "marks": self.marks}

    def answer(self, route: Route) -> None:
        """Serve a keyframe, as `GET /latent/runs/r1/keyframes/<step>.safetensors` does."""
        step = int(route.request.url.rpartition("/")[2].partition(".")[0])
        self.fetched.append(step)
        if step not in self.moments:
            route.fulfill(status=404, body="")
            return
        facts, arrays = self.shown(step, self.moments[step])
        body = message("snapshot", 0, facts, pack(arrays | self.decoder(0.5), {}))
        route.fulfill(body=body, content_type="application/octet-stream")

    def detail(self, step: int, arrays: Mapping[str, np.ndarray], **facts: Any) -> None:
        """Send a step taken apart."""
        said = {"step": step, "epoch": step / EPOCH, "beta": 2.0, "learning_rate": 1e-3, "batch": 128}
        said |= {"weight_change": {"encoder.dense1.weight": 0.25, "decoder.output.bias": 0.5}, "label": None}
        self.send("detail", said | facts, dict(arrays))

    def acknowledged(self) -> list[int]:
        return [said["ack"] for said in self.heard if "ack" in said]

    def pins(self) -> list[list[float] | None]:
        return [said["pin"] for said in self.heard if "pin" in said]

    def hands(self) -> list[bool]:
        return [said["hand"] for said in self.heard if "hand" in said]


def taken_in(page: Page, run: FakeRun, seq: int) -> None:
    """Wait until the page has acknowledged a message, and drawn what it says."""
    until(page, lambda: seq in run.acknowledged(), f"the acknowledgement of message {seq}")
    two_frames(page)


def started(page: Page, run: FakeRun) -> None:
    until(page, lambda: bool(run.sockets))
    run.snapshot(10)
    run.weights(10)
    page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.z.length")


def points(page: Page) -> np.ndarray:
    return np.array(page.evaluate("window.latentExplorer.points"))
