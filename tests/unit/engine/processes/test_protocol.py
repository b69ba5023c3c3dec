"""Orders and messages on the wire: each comes out as it went in, and what is of another shape is refused."""

import dataclasses
import json
import logging
import math

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL
from vae_core.engine.processes import messages, orders
from vae_core.engine.processes.messages import Pace, Position, Progress
from vae_core.engine.processes.orders import RunKey
from vae_core.engine.processes.protocol import JOB_ORDERS, MESSAGES, RUN_ORDERS, understood
from vae_core.engine.processes.wire import from_wire, to_wire

KEY = RunKey("a" * 32, 3)
PROGRESS, PACE = Progress(7, 100, 1.5, 2.25), Pace(810.5, None)
TAIL = ({"epoch": 1, "kl": None}, {"epoch": 2, "kl": 3.5})
ALL = [
    orders.Load(KEY, "ann", "/home/x", "digits", SMALL, LONG, paused=True, has_origin=False, is_new=True),
    orders.Resume(KEY),
    orders.Pause(KEY),
    orders.Drop(KEY),
    orders.Step(KEY, None, 4),
    orders.Step(KEY, 20, 5),
    orders.Explain(KEY, 6),
    orders.Change(KEY, {"beta": 2.5, "beta_warmup_epochs": 3}),
    orders.Watch(KEY, 2, 1, 9),
    orders.ShowPinned(KEY, ((0.5, -1.25), (0.0, 3.0))),
    orders.SendWeights(KEY),
    orders.Flush(KEY, "/home/x/y"),
    orders.DoJob("j", "encode", {"bundle": "x", "images": b"\0png", "more": [1, 2]}),
    orders.CancelJob("j"),
    messages.Ready(),
    messages.Idle(12),
    messages.BusyWith(""),
    messages.Loaded(KEY, PROGRESS, ("0", "1"), (), TAIL, messages.Beginning(4, fresh=True)),
    messages.Loaded(KEY, PROGRESS, (), ("x",), (), None),
    messages.Progressed(KEY, PROGRESS, PACE, TAIL),
    messages.Frame(KEY, PROGRESS, PACE, (), {"kl": 1.0, "kl_per_dim": [0.5, 0.5]}, b"arrays"),
    messages.Snapshot(KEY, PROGRESS, PACE, TAIL, {"spent": {}}, b"more arrays"),
    messages.Weights(KEY, 7, b""),
    messages.Detail(KEY, PROGRESS, {"label": None}, b"arrays"),
    messages.Keyframes(KEY, (Position(0, 0.0), Position(7, 0.25))),
    messages.Saved(KEY),
    messages.Rested(KEY, 0),
    messages.Done(KEY),
    messages.Dropped(KEY),
    messages.Failed(KEY, "The disk is full.", None),
    messages.Failed(KEY, "no number", Position(4, 0.5)),
    messages.Flushed("/home/x/y", False, ""),
    messages.Measured(2e10),
    messages.JobProgress("j", 0.5, "half"),
    *(
        messages.JobDone("j", result)
        for result in (b"png", {"png": b"ab", "n": 3, "gif": b""}, {"a": [1]}, None)
    ),
    messages.JobWaits("j"),
    *(messages.JobDone("j", result) for result in ([1.5, None], "text", 7)),
    messages.JobFailed("j", ""),
]
EVERYTHING = {**RUN_ORDERS, **JOB_ORDERS, **MESSAGES}


def wired(message):
    facts, body = to_wire(message)
    return json.loads(json.dumps(facts)), body


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_it_comes_out_as_it_went_in(message):
    assert from_wire(EVERYTHING, *wired(message)) == message


def test_every_kind_is_tried_here_and_none_can_be_changed():
    assert {type(message) for message in ALL} == set(EVERYTHING.values())
    assert len(EVERYTHING) == len(RUN_ORDERS) + len(JOB_ORDERS) + len(MESSAGES)
    for kind in EVERYTHING.values():
        assert kind.__dataclass_params__.frozen


def test_a_number_that_is_none_travels_too():
    pace = from_wire(MESSAGES, *wired(messages.Progressed(KEY, PROGRESS, Pace(math.nan, 1), ()))).pace
    assert math.isnan(pace.images_per_second)
    assert isinstance(pace.eta_seconds, float)  # a whole number is one


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_a_message_of_another_shape_is_named_and_ignored(message, caplog):
    facts, body = wired(message)
    name = type(message).__name__
    for field in dataclasses.fields(message):
        if field.name in ("data", "measured", "values"):  # bytes, and tables of anything
            continue
        lacking = {key: value for key, value in facts.items() if key != field.name}
        with caplog.at_level(logging.WARNING):
            assert understood(EVERYTHING, lacking, body, "the test") is None
            assert understood(EVERYTHING, {**facts, field.name: {"no": object}}, body, "the test") is None
    assert understood(EVERYTHING, {**facts, "colour": 1}, body, "the test") is None
    assert caplog.messages
    assert all(line.startswith(f"what the test said is ignored: {name}") for line in caplog.messages)


@pytest.mark.parametrize(
    "facts",
    [{"kind": "Explode"}, {"kind": None}, {"kind": ["Ready"]}, {}, [], None, "Ready", {"kind": "Resume"}],
    ids=str,
)
def test_a_message_of_an_unknown_kind_is_named_and_ignored(facts, caplog):
    assert understood(MESSAGES, facts, b"", "the test") is None
    assert "there is no message of kind" in caplog.text


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "Rested", "key": {"run": "a", "generation": True}, "request": 1},
        {"kind": "Rested", "key": {"run": "a", "generation": 1.0}, "request": 1},
        {"kind": "Rested", "key": {"run": 1, "generation": 1}, "request": 1},
        {"kind": "Rested", "key": {"run": "a", "generation": 1, "more": 1}, "request": 1},
        {"kind": "Rested", "key": {"run": "a", "generation": 1}, "request": "1"},
        {"kind": "Rested", "key": None, "request": 1},
        {"kind": "Keyframes", "key": {"run": "a", "generation": 1}, "keyframes": [[0, 0.0]]},
        {"kind": "JobDone", "job": "j", "result": {"table": {}, "lengths": {"png": "1"}}},
        {"kind": "JobDone", "job": "j", "result": 7},
    ],
    ids=str,
)
def test_a_field_of_another_type_is_refused(facts):
    with pytest.raises(ValueError, match="is not of its shape"):
        from_wire(MESSAGES, facts, b"")
