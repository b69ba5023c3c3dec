"""The engine's parts that need no process: pipe, messages, outbox, files, sentences."""

import errno
import io
import json
import os
import threading
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from vae_core.engine.contract.failures import DISK_FULL, NOT_A_NUMBER, OUT_OF_MEMORY, describe
from vae_core.engine.processes.messages import (
    BusyWith,
    Frame,
    Loaded,
    Pace,
    Progress,
    Ready,
    Snapshot,
)
from vae_core.engine.processes.orders import RunKey
from vae_core.engine.processes.pipe import HEAD, read_message, write_message
from vae_core.engine.processes.protocol import MESSAGES
from vae_core.engine.processes.wire import from_wire
from vae_core.engine.watching.messages import message
from vae_core.engine.worker.outbox import Outbox
from vae_core.storage import home, tensorfile
from vae_core.storage.tensorfile import metadata_of, with_metadata

# Pipe


@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
def test_pipe_carries_facts_and_bytes(body):
    pipe = io.BytesIO()
    write_message(pipe, {"kind": "frame", "text": "ä"}, body)
    write_message(pipe, {"kind": "next"})
    pipe.seek(0)
    assert read_message(pipe) == ({"kind": "frame", "text": "ä"}, body)
    assert read_message(pipe) == ({"kind": "next"}, b"")
    assert read_message(pipe) is None


def test_pipe_that_ends_within_a_message_has_ended():
    pipe = io.BytesIO()
    write_message(pipe, {"kind": "frame"}, b"x" * 1000)
    assert read_message(io.BytesIO(pipe.getvalue()[:-1])) is None


def test_pipe_refuses_what_is_no_message():
    with pytest.raises(ValueError, match="bytes"):
        read_message(io.BytesIO(HEAD.pack(2**32 - 1, 0) + b"{}"))


# Messages


def test_message_is_read_by_any_safetensors_reader():
    arrays = {"mean": np.ones((3, 2), np.float16), "index": np.arange(3, dtype=np.int32)}
    data = message(
        "frame", 7, {"step": 5, "kl": float("nan"), "list": [float("inf"), 1.0]}, tensorfile.pack(arrays, {})
    )
    read = load(data)
    assert set(read) == {"mean", "index"}
    np.testing.assert_array_equal(read["mean"], arrays["mean"])
    texts = metadata_of(data)
    assert (texts["kind"], texts["seq"]) == ("frame", "7")
    assert json.loads(texts["json"]) == {"step": 5, "kl": None, "list": [None, 1.0]}


def test_message_without_arrays_is_a_file_too():
    assert load(message("state", 1, {"state": "paused"})) == {}


def test_other_texts_leave_the_arrays_alone():
    data = tensorfile.pack({"a": np.arange(5, dtype=np.int64)}, {"old": "x"})
    changed = with_metadata(data, {"new": "y" * 1001})
    texts, arrays = tensorfile.unpack(changed)
    assert texts == {"new": "y" * 1001}
    np.testing.assert_array_equal(arrays["a"], np.arange(5))
    assert int.from_bytes(changed[:8], "little") % 8 == 0  # typed arrays in JavaScript need it


# Outbox


class SlowPipe(io.BytesIO):
    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def write(self, data):
        self.gate.wait(10)
        return super().write(data)


PROGRESS, PACE = Progress(0, 100, 0.0, 0.0), Pace(None, None)


def frame(key, step, *epochs):
    tail = tuple({"epoch": epoch} for epoch in epochs)
    return Frame(key, replace(PROGRESS, step=step), PACE, tail, {}, b"")


def snapshot(key, step, *epochs):
    return Snapshot(**vars(frame(key, step, *epochs)))


def step_of(message):
    return message.progress.step if hasattr(message, "progress") else None


def written(pipe):
    pipe.seek(0)
    return [from_wire(MESSAGES, *found) for found in iter(lambda: read_message(pipe), None)]


def test_outbox_keeps_order_and_only_the_newest_frame():
    pipe = SlowPipe()
    outbox = Outbox(pipe)
    one, two = RunKey("a", 1), RunKey("b", 1)
    outbox.put(BusyWith("a"))
    for step in range(5):
        outbox.put(frame(one, step))
    outbox.put(frame(two, 9))
    outbox.put(snapshot(one, 5))
    outbox.put(snapshot(one, 6))
    pipe.gate.set()
    outbox.drain(5)
    assert [(type(each), step_of(each)) for each in written(pipe)] == [
        (BusyWith, None),
        (Frame, 4),
        (Frame, 9),
        (Snapshot, 5),
        (Snapshot, 6),
    ]


def test_outbox_keeps_the_order_of_a_history():
    pipe = SlowPipe()
    outbox = Outbox(pipe)
    key = RunKey("a", 1)
    outbox.put(BusyWith("a"))
    outbox.put(frame(key, 1, 1))
    outbox.put(frame(key, 2, 2))
    outbox.put(snapshot(key, 3, 3))
    outbox.put(frame(key, 4, 4))
    outbox.put(Loaded(key, PROGRESS, (), (), (), None))
    outbox.put(frame(key, 5, 5))
    pipe.gate.set()
    outbox.drain(5)
    read = written(pipe)
    assert [type(each) for each in read] == [BusyWith, Frame, Snapshot, Frame, Loaded, Frame]
    tails = [entry for each in read for entry in getattr(each, "history_tail", ())]
    assert tails == [{"epoch": epoch} for epoch in range(1, 6)]


def test_outbox_without_a_reader_does_not_wait():
    class Broken(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    outbox = Outbox(Broken())
    outbox.put(Ready())
    outbox.drain(60)  # returns at once, or the test's time limit ends it


# Files


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "state"
    home.write_whole(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        home.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in path.parent.iterdir()] == ["state"]


def test_an_owners_folder_does_not_tell_who_it_is(tmp_path):
    folder = home.owner_folder(tmp_path, "the-cookie")
    assert "cookie" not in str(folder.relative_to(tmp_path))
    assert folder != home.owner_folder(tmp_path, "the-cookie2")


def test_a_short_lived_file_is_as_young_as_its_name(tmp_path):
    keyframe, waiting = tmp_path / "of a run of last week", home.incoming(tmp_path, ".state")
    keyframe.write_bytes(b"x")
    os.utime(keyframe, (0, 0))
    home.link_or_copy(keyframe, waiting)
    home.incoming(tmp_path, ".state")
    assert waiting.read_bytes() == b"x"


# Sentences


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DISK_FULL),
        (MemoryError(), OUT_OF_MEMORY),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
            OUT_OF_MEMORY,
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), OUT_OF_MEMORY),
        (ValueError("beta must be a number"), "beta must be a number"),
        (FloatingPointError(NOT_A_NUMBER), NOT_A_NUMBER),
        (FloatingPointError("the loss is lost"), "The loss is lost."),
    ],
)
def test_errors_become_sentences(error, sentence):
    assert describe(error) == sentence


def test_an_unforeseen_error_is_named():
    assert "KeyError" in describe(KeyError("x"))


def test_our_own_words_about_a_failed_download_reach_the_page() -> None:
    sentence = "kmnist could not be downloaded. Check the network connection and try again."
    assert describe(OSError(sentence)) == sentence
    assert "should not have" in describe(FileNotFoundError(2, "No such file or directory"))


def test_a_sentence_never_says_where_the_server_keeps_things():
    assert "secret" not in describe(PermissionError(13, "Permission denied", "/home/secret/run.json"))
