"""The engine's bookkeeping against a worker that only notes its orders: line, parking, deaths, hands."""

import json
import os
import threading
import time

import pytest

from tests.unit.engine_watcher import LONG, SMALL, Loop
from vae_core.engine import limits, trainworker
from vae_core.engine.failures import CANNOT_START, DIED_AGAIN, RESTARTED
from vae_core.engine.memory import together
from vae_core.engine.messages import NO_ARRAYS, metadata_of
from vae_core.engine.record import Run, read_run
from vae_core.engine.subscription import Subscription
from vae_core.engine.trainings import MAX_DEATHS, Trainings
from vae_core.engine.trainworker import MAX_FAILED_STARTS

MAX_ACTIVE = int(limits.ACTIVE_RUNS.default)
MAX_RUNS = int(limits.RUNS.default)


class FakeWorker:
    made = []  # noqa: RUF012

    def __init__(self, lane, home, on_message, on_exit):
        self.on_message, self.on_exit = on_message, on_exit
        self.orders = []
        self.made.append(self)

    def send(self, facts, body=b""):
        self.orders.append(facts)

    def close(self):
        self.orders.append({"kind": "close"})

    def orders_for(self, run):
        return [order["kind"] for order in self.orders if order["run"] == run.id and order["kind"] != "watch"]

    def say(self, kind, run=None, body=NO_ARRAYS, **facts):
        told = {} if run is None else {"run": run.id, "generation": run.generation}
        self.on_message(self, {"kind": kind, **told, **facts}, body)

    def die(self):
        self.on_exit(self)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(trainworker, "WorkerProcess", FakeWorker)
    FakeWorker.made = []
    return lambda: FakeWorker.made[-1]


@pytest.fixture
def all_runs(tmp_path, worker):
    return Trainings(tmp_path, threading.RLock())


def begin(all_runs, owner, created=None, image_set="digits"):
    created = time.time() if created is None else created
    run_id = os.urandom(16).hex()
    folder = all_runs.home / "owners" / owner / "runs" / run_id
    run = Run(run_id, owner, folder, "title", image_set, SMALL, LONG, created)
    all_runs.start(run)
    return run


def watch(all_runs, run):
    subscription = Subscription(
        run,
        all_runs.lock,
        Loop(),
        lambda: None,
        lambda watcher, on: all_runs.hand(run, watcher, on),
        lambda watcher: all_runs.unwatch(run, watcher),
    )
    all_runs.watch(run, subscription)
    return subscription


def told(subscription):
    taken = subscription.take()
    for seq, _ in taken:
        subscription.ack(seq)
    return [metadata_of(data)["kind"] for _, data in taken]


# The line


def test_more_than_forty_form_a_line_with_places(all_runs, worker):
    runs = [begin(all_runs, f"owner{index}") for index in range(MAX_ACTIVE + 3)]
    assert [run.state for run in runs].count("running") == MAX_ACTIVE
    first, second, third = runs[MAX_ACTIVE:]
    assert [(run.state, run.place) for run in (first, second, third)] == [
        ("queued", 1),
        ("queued", 2),
        ("queued", 3),
    ]
    assert worker().orders_for(first) == []
    for run, left in zip(runs[:2], (50.0, 20.0)):
        worker().say("progress", run, facts={"eta_seconds": left})
    watcher = watch(all_runs, second)
    assert told(watcher) == ["state"]

    all_runs.stop(first)
    assert (second.place, third.place) == (1, 2)
    assert second.wait_seconds == 20.0
    assert told(watcher) == ["state"]
    worker().say("done", runs[7])
    assert (second.state, second.place, third.place) == ("running", 0, 1)
    assert worker().orders_for(second) == ["load"]
    all_runs.pause(runs[8])
    assert third.state == "running"
    all_runs.resume(runs[8])
    assert (runs[8].state, runs[8].place) == ("queued", 1)
    worker().say("failed", runs[9], error="why")
    assert runs[8].state == "running"
    assert worker().orders_for(runs[8]) == ["load", "pause", "resume"]


def test_a_waiting_run_can_be_paused_and_stopped(all_runs, worker):
    for index in range(MAX_ACTIVE):
        begin(all_runs, f"owner{index}")
    run = begin(all_runs, "last")
    all_runs.pause(run)
    assert (run.state, run.place, all_runs._line.waiting) == ("paused", 0, [])
    all_runs.resume(run)
    all_runs.stop(run)
    assert (run.state, all_runs._line.waiting) == ("stopped", [])
    assert worker().orders_for(run) == []


# Memory


def leave_room_for(monkeypatch, *needs):
    """Let all runs together take what these do, and no more."""
    monkeypatch.setenv("LATENT_MAX_MEMORY_MB", str(together(needs) / 1e6))


def test_what_does_not_fit_into_memory_beside_the_others_waits_in_the_line(all_runs, worker, monkeypatch):
    first = begin(all_runs, "a")
    leave_room_for(monkeypatch, first.need, first.need)
    second, third, fourth = (begin(all_runs, owner) for owner in "bcd")
    assert [run.state for run in (first, second, third, fourth)] == ["running", "running", "queued", "queued"]
    assert (third.place, fourth.place) == (1, 2)
    assert "MB of memory more" in third.info().why
    assert worker().orders_for(third) == []
    watcher = watch(all_runs, third)
    state = json.loads(metadata_of(watcher.take()[0][1])["json"])
    assert (state["place"], state["why"]) == (1, third.why)
    for run, left in ((first, 50.0), (second, 20.0)):
        worker().say("progress", run, facts={"eta_seconds": left})
    all_runs.tick(time.monotonic() + 10)
    assert (third.wait_seconds, fourth.wait_seconds) == (20.0, 50.0)
    worker().say("done", second)
    assert (third.state, third.place, third.why) == ("running", 0, "")
    assert (fourth.state, fourth.place) == ("queued", 1)


def test_one_alone_always_trains_and_nobody_waits_for_ever(all_runs, monkeypatch):
    monkeypatch.setenv("LATENT_MAX_MEMORY_MB", "1")
    runs = [begin(all_runs, owner) for owner in "abc"]
    for number in range(3):
        assert [run.state for run in runs[number:]] == ["running"] + ["queued"] * (2 - number)
        all_runs.stop(runs[number])


def test_images_that_several_learn_from_count_once(all_runs, monkeypatch):
    first = begin(all_runs, "a", image_set="mnist")
    leave_room_for(monkeypatch, *[first.need] * 3)
    assert [begin(all_runs, owner, image_set="mnist").state for owner in "bc"] == ["running"] * 2
    assert begin(all_runs, "d", image_set="mnist").state == "queued"


def test_one_who_asks_for_much_keeps_nobody_waiting(all_runs, monkeypatch):
    first = begin(all_runs, "a")
    leave_room_for(monkeypatch, *[first.need] * 3)
    large = begin(all_runs, "b", image_set="mnist")
    assert large.state == "queued"
    small = begin(all_runs, "c")
    assert small.state == "running"
    all_runs.stop(first)
    assert large.state == "queued"
    all_runs.stop(small)
    assert large.state == "running"


def test_a_run_in_a_pause_gives_up_its_memory_to_one_that_trains(all_runs, worker, monkeypatch):
    resting, watched = begin(all_runs, "a"), begin(all_runs, "b")
    leave_room_for(monkeypatch, resting.need, watched.need)
    all_runs.pause(resting)
    third = begin(all_runs, "c")
    assert (resting.state, resting.loaded, third.state) == ("paused", False, "running")
    assert worker().orders_for(resting) == ["load", "pause", "drop"]
    all_runs.resume(resting)
    assert (resting.state, resting.place) == ("queued", 1)
    all_runs.stop(third)
    assert resting.state == "running"
    assert worker().orders_for(resting) == ["load", "pause", "drop", "load"]


def test_a_step_waits_for_memory_too(all_runs, worker, monkeypatch):
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    leave_room_for(monkeypatch, run.need)
    all_runs.stop(run)
    all_runs.step(run, 3)
    assert run.state == "queued"
    all_runs.step(run, 3)  # once is enough
    all_runs.stop(other)
    assert (run.state, worker().orders_for(run)) == ("paused", ["load", "drop", "load", "step"])
    late = begin(all_runs, "c")
    assert (late.state, run.loaded) == ("queued", True)  # it is still at it
    worker().say("rested", run, request=run.stepping)
    assert (late.state, run.loaded) == ("running", False)


def test_what_was_to_be_done_in_the_line_is_forgotten_with_a_click_on_resume(all_runs, worker, monkeypatch):
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    leave_room_for(monkeypatch, run.need)
    all_runs.stop(run)
    all_runs.explain(run)
    all_runs.pause(run)
    all_runs.resume(run)
    all_runs.stop(other)
    assert (run.state, worker().orders_for(run)) == ("running", ["load", "drop", "load"])


# Parking and forgetting


def test_a_run_without_its_owner_is_parked_and_resumes(all_runs, worker, monkeypatch):
    monkeypatch.setenv("LATENT_PARK_MINUTES", "5")
    alone, watched = begin(all_runs, "a"), begin(all_runs, "b")
    watcher = watch(all_runs, watched)
    now = time.monotonic()
    all_runs.tick(now + 299)
    assert (alone.state, watched.state) == ("running", "running")
    all_runs.tick(now + 301)
    assert (alone.state, watched.state) == ("parked", "running")
    assert worker().orders_for(alone) == ["load", "drop"]
    watcher.close()
    all_runs.tick(watched.seen + 301)
    assert watched.state == "parked"
    all_runs.resume(all_runs.archive.get("a", alone.id))
    assert alone.state == "running"
    assert worker().orders_for(alone) == ["load", "drop", "load"]
    monkeypatch.setenv("LATENT_PARK_MINUTES", "0")
    all_runs.tick(now + 1e6)
    assert alone.state == "running"


def test_a_run_whose_owner_looks_at_another_page_trains_on(all_runs, monkeypatch):
    monkeypatch.setenv("LATENT_PARK_MINUTES", "5")
    explores, left = begin(all_runs, "a"), begin(all_runs, "b")
    all_runs.is_here = lambda owner: owner == "a"
    now = time.monotonic()
    all_runs.tick(now + 301)
    assert (explores.state, left.state) == ("running", "parked")
    all_runs.is_here = lambda owner: False  # if only for a moment, on its way to another page
    all_runs.tick(now + 500)
    assert explores.state == "running"  # five minutes from when it was last seen
    all_runs.tick(now + 602)
    assert explores.state == "parked"


def test_a_run_at_rest_leaves_memory_and_comes_back_from_disk(all_runs):
    run = begin(all_runs, "a")
    all_runs.stop(run)
    all_runs.tick(time.monotonic() + 1e5)
    assert all_runs.archive.runs == {}
    again = all_runs.archive.get("a", run.id)
    assert (again.state, again.model, again.train) == ("stopped", run.model, run.train)


def test_what_was_running_is_parked_after_a_restart(all_runs, tmp_path, worker):
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    worker().say("failed", other, error="The loss …")
    later = Trainings(tmp_path, threading.RLock())
    assert later.archive.get("a", run.id).state == "parked"
    failed = later.archive.get("b", other.id)
    assert (failed.state, failed.error) == ("failed", "The loss …")
    with pytest.raises(KeyError):
        later.archive.get("c", run.id[:-1] + "x")


def test_old_runs_go(all_runs, monkeypatch):
    runs = [begin(all_runs, "a", created=index) for index in range(MAX_RUNS + 3)]
    assert [run.folder.exists() for run in runs] == [False] * 3 + [True] * MAX_RUNS
    assert len(all_runs.archive.of_owner("a")) == MAX_RUNS
    (runs[5].folder / "state.safetensors").write_bytes(bytes(1_100_000))
    monkeypatch.setenv("LATENT_MAX_RUNS_MB", "1")
    begin(all_runs, "a", created=99)
    assert not runs[3].folder.exists()
    assert not runs[5].folder.exists()
    assert runs[6].folder.exists()
    old, newest = runs[-2], all_runs.archive.of_owner("a")[0]
    for run in (old, newest):
        os.utime(run.folder / "run.json", (1, 1))
    all_runs.archive.sweep()
    assert not old.folder.exists()
    assert newest.folder.exists()  # it trains


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"id": "x"}', '{"model": 1, "train": 2}'])
def test_a_damaged_record_is_no_run(all_runs, text):
    run = begin(all_runs, "a")
    (run.folder / "run.json").write_text(text)
    assert read_run(run.folder) is None
    assert Trainings(all_runs.home, threading.RLock()).archive.of_owner("a") == []


def test_a_run_in_a_foreign_folder_is_no_run(all_runs):
    run = begin(all_runs, "a")
    (all_runs.home / "owners" / "b" / "runs").mkdir(parents=True)
    (all_runs.home / "owners" / "b" / "runs" / run.id).symlink_to(run.folder)
    assert Trainings(all_runs.home, threading.RLock()).archive.of_owner("b") == []


# The worker's deaths


def test_a_dead_worker_is_replaced_at_once_and_gets_its_runs_back(all_runs, worker):
    training, paused = begin(all_runs, "a"), begin(all_runs, "b")
    all_runs.pause(paused)
    watcher = watch(all_runs, training)
    told(watcher)
    first = worker()
    first.say("ready")
    first.say("begin", run=training)
    first.die()
    assert worker() is not first
    assert [order["paused"] for order in worker().orders if order["kind"] == "load"] == [False, True]
    assert all(not order["new"] for order in worker().orders if order["kind"] == "load")
    assert (training.state, training.note, paused.state) == ("running", RESTARTED, "paused")
    assert told(watcher) == ["state"]
    first.say("failed", training, error="from before")  # old news
    assert training.state == "running"


def test_a_crash_loop_backs_off_and_ends_the_run_that_causes_it(all_runs, worker):
    bad, good = begin(all_runs, "a"), begin(all_runs, "b")
    rests = []
    for _ in range(MAX_DEATHS):
        worker().say("ready")
        worker().say("begin", run=bad)
        died = worker()
        died.die()
        if all_runs.worker.restart_at is not None:
            rests.append(all_runs.worker.restart_at - time.monotonic())
            all_runs.tick(all_runs.worker.restart_at - 0.1)
            assert worker() is died
            all_runs.tick(all_runs.worker.restart_at)
        assert worker() is not died
    assert (bad.state, bad.error) == ("failed", DIED_AGAIN)
    assert good.state == "running"
    assert rests == sorted(rests)
    assert rests[-1] > 4
    assert [order["run"] for order in worker().orders if order["kind"] == "load"] == [good.id]


def test_a_run_that_reaches_the_disk_is_not_blamed(all_runs, worker):
    run = begin(all_runs, "a")
    for _ in range(2 * MAX_DEATHS):
        worker().say("ready")
        worker().say("begin", run=run)
        worker().say("saved", run)
        worker().die()
        assert all_runs.worker.restart_at is None
    assert (run.state, run.deaths) == ("running", 1)


def test_a_worker_that_cannot_start_is_given_up(all_runs, worker):
    run = begin(all_runs, "a")
    for _ in range(MAX_FAILED_STARTS):
        worker().die()
        if all_runs.worker.restart_at is not None:
            all_runs.tick(all_runs.worker.restart_at)
    assert (run.state, run.error) == ("failed", CANNOT_START)
    count = len(FakeWorker.made)
    all_runs.resume(run)  # a click tries again
    assert len(FakeWorker.made) == count + 1
    assert run.state == "running"


def test_a_run_started_while_the_worker_rests_waits_for_it(all_runs, worker):
    first = begin(all_runs, "a")
    worker().die()
    worker().die()
    assert all_runs.worker.restart_at is not None
    second = begin(all_runs, "b")
    all_runs.pause(first)
    assert worker().orders_for(second) == []
    all_runs.tick(all_runs.worker.restart_at)
    assert worker().orders_for(second) == ["load"]
    assert next(order for order in worker().orders if order["run"] == first.id)["paused"]


def test_a_flush_that_the_worker_never_answers_is_answered(all_runs, worker, tmp_path):
    run, answers = begin(all_runs, "a"), []
    all_runs.flush(run, tmp_path / "one", answers.append)
    all_runs.flush(run, tmp_path / "two", answers.append)
    worker().say("flushed", token="one", done=True)
    worker().say("flushed", token="one", done=True)
    worker().die()
    assert answers == [True, False]


def test_a_flush_comes_after_the_save_of_a_run_that_was_stopped(all_runs, worker, tmp_path):
    answers, run = [], begin(all_runs, "a")
    all_runs.stop(run)
    all_runs.flush(run, tmp_path / "one", answers.append)
    assert worker().orders_for(run) == ["load", "drop", "flush"]
    worker().say("flushed", token="one", done=False)
    assert answers == [False]
    Trainings(all_runs.home, threading.RLock()).flush(run, tmp_path / "two", answers.append)
    assert answers == [False, False]


# Watchers and hands


def test_the_worker_knows_who_watches_and_how_many_hands_there_are(all_runs, worker):
    one, two = begin(all_runs, "a"), begin(all_runs, "b")
    watchers = [watch(all_runs, one), watch(all_runs, one), watch(all_runs, two)]

    def last(run):
        order = [order for order in worker().orders if order["kind"] == "watch" and order["run"] == run.id][
            -1
        ]
        return order["watchers"], order["hands"], order["all_hands"]

    assert last(one) == (2, 0, 0)
    watchers[0].hand(True)
    watchers[2].hand(True)
    assert (last(one), last(two)) == ((2, 1, 2), (1, 1, 2))
    assert worker().orders_for(one)[-1] == "weights"
    watchers[2].close()
    assert (last(one), last(two)) == ((2, 1, 1), (0, 0, 1))
    worker().say("weights", one, facts={"step": 4})
    assert (told(watchers[0])[-1], told(watchers[1])[-1]) == ("weights", "state")


def test_old_news_of_a_run_is_not_told(all_runs, worker):
    run = begin(all_runs, "a")
    watcher = watch(all_runs, run)
    told(watcher)
    generation = run.generation
    all_runs.stop(run)
    all_runs.resume(run)
    told(watcher)
    worker().on_message(
        worker(), {"kind": "frame", "run": run.id, "generation": generation, "facts": {"step": 99}}, NO_ARRAYS
    )
    assert told(watcher) == []
    assert run.step == 0
    worker().say("frame", run, facts={"step": 3}, history_tail=[{"epoch": 1}])
    assert told(watcher) == ["frame"]
    assert (run.step, run.history) == (3, [{"epoch": 1}])
    worker().say("frame", Run("0" * 32, "x", run.folder, "", "digits", SMALL, LONG, 0.0), facts={})  # gone
