"""What the engine's tests share: small models, runs of them, waiting, and a client that watches."""

import json
import threading
import time

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.storage import tensorfile

SMALL = ModelConfig(image_shape=(1, 8, 8), latent_dim=2, architecture="mlp", width=0.25)
LONG = TrainConfig(epochs=500, batch_size=32)


def wait_until(condition, seconds=120.0, what="it"):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} did not come true within {seconds} s"
        time.sleep(0.02)
    return found


def start(engine, owner, model=SMALL, train=LONG, **kwargs):
    return engine.start_run(owner, image_set="digits", model=model, train=train, **kwargs)


def progressed(engine, owner, run, steps):
    return wait_until(lambda: (now := engine.run(owner, run.id)).step >= steps and now, what=f"{steps} steps")


def become(engine, owner, run, state):
    return wait_until(lambda: (now := engine.run(owner, run.id)).state == state and now, what=f"{state} run")


def kept_at_rest(engine, owner, run):
    """The run's info, once it rests and its last keyframe is that of its last step."""
    obeyed = threading.Event()
    with engine._lock:  # this is answered after all orders before it: until then it may go on a little
        found = engine._trainings.archive.runs[run.id]
        engine._trainings.residents.flush(found, engine.home / "at rest", lambda *_: obeyed.set())
    assert obeyed.wait(120)

    def rested():
        now = engine.run(owner, run.id)
        return now.keyframes and now.keyframes[-1]["step"] == now.step and now

    return wait_until(rested, what="a keyframe of the last step")


class Loop:
    """An event loop that has nothing to do."""

    def call_soon_threadsafe(self, callback):
        callback()


class Watcher:
    """Watch a run as a browser does: take, note, acknowledge."""

    def __init__(self, engine, owner, run):
        self.seen = []
        self.subscription = engine.subscribe(owner, run.id, Loop(), lambda: None)

    def poll(self):
        for seq, data in self.subscription.take():
            texts, arrays = tensorfile.unpack(data)
            self.seen.append((texts["kind"], json.loads(texts["json"]), arrays, len(data)))
            self.subscription.ack(seq)
        return self

    def kinds(self):
        return [kind for kind, *_ in self.seen]

    def last(self, kind):
        return next((found for found in reversed(self.seen) if found[0] == kind), None)

    def wait_for(self, kind, count=1, seconds=120.0):
        wait_until(lambda: self.poll().kinds().count(kind) >= count, seconds, f"{count} x {kind}")
        return self.last(kind)

    def wait_for_state(self, state, seconds=120.0):
        wait_until(
            lambda: any(kind == "state" and facts["state"] == state for kind, facts, *_ in self.poll().seen),
            seconds,
            f"state {state}",
        )
