"""The line: who waits for a place or for memory, why, and for how long."""

import json
import time

from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    begin,
    failed,
    progressed,
    snapshot,
    told,
    watch,
    worker,  # noqa: F401
)
from vae_core.engine.contract import limits, memory
from vae_core.engine.contract.memory import MARGIN, together
from vae_core.engine.processes.messages import Done, Rested
from vae_core.storage.tensorfile import metadata_of

MAX_ACTIVE = int(limits.ACTIVE_RUNS.default)


def test_more_than_forty_form_a_line_with_places(all_runs, worker):  # noqa: F811
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
        worker().say(progressed(run, left))
    watcher = watch(all_runs, second)
    assert told(watcher) == ["state"]

    all_runs.stop(first)
    assert (second.place, third.place) == (1, 2)
    assert second.wait_seconds == 20.0
    assert told(watcher) == ["state"]
    worker().say(Done(runs[7].key))
    assert (second.state, second.place, third.place) == ("running", 0, 1)
    assert worker().orders_for(second) == ["load"]
    all_runs.pause(runs[8])
    assert third.state == "running"
    all_runs.resume(runs[8])
    assert (runs[8].state, runs[8].place) == ("queued", 1)
    worker().say(failed(runs[9], "why"))
    assert runs[8].state == "running"
    assert worker().orders_for(runs[8]) == ["load", "pause", "resume"]


def test_a_waiting_run_can_be_paused_and_stopped(all_runs, worker):  # noqa: F811
    for index in range(MAX_ACTIVE):
        begin(all_runs, f"owner{index}")
    run = begin(all_runs, "last")
    all_runs.pause(run)
    assert (run.state, run.place, all_runs.waiting.waiting) == ("paused", 0, [])
    all_runs.resume(run)
    all_runs.stop(run)
    assert (run.state, all_runs.waiting.waiting) == ("stopped", [])
    assert worker().orders_for(run) == []


# Memory


def leave_room_for(monkeypatch, *needs):
    """Let all runs together take what these do, and no more."""
    monkeypatch.setenv("LATENT_MAX_MEMORY_MB", str(together(needs) / 1e6))


def test_what_does_not_fit_into_memory_beside_the_others_waits_in_the_line(all_runs, worker, monkeypatch):  # noqa: F811
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
        worker().say(progressed(run, left))
    all_runs.tick(time.monotonic() + 10)
    assert (third.wait_seconds, fourth.wait_seconds) == (20.0, 50.0)
    worker().say(Done(second.key))
    assert (third.state, third.place, third.why) == ("running", 0, "")
    assert (fourth.state, fourth.place) == ("queued", 1)


def test_one_alone_always_trains_and_nobody_waits_for_ever(all_runs, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_MEMORY_MB", "1")
    runs = [begin(all_runs, owner) for owner in "abc"]
    for number in range(3):
        assert [run.state for run in runs[number:]] == ["running"] + ["queued"] * (2 - number)
        all_runs.stop(runs[number])


def test_nobody_joins_those_who_train_while_the_machine_has_no_memory_left(all_runs, monkeypatch):  # noqa: F811
    first = begin(all_runs, "a")
    free = [together([first.need]) / MARGIN]
    monkeypatch.setattr(memory, "free_memory", lambda: free[0])
    second = begin(all_runs, "b")
    assert (second.state, second.place) == ("queued", 1)
    assert f"may take {together([first.need]) / 1e6:,.0f} MB" in second.why
    free[0] *= 2  # something else on the machine has ended
    all_runs.tick(time.monotonic() + 10)
    assert second.state == "running"


def test_images_that_several_learn_from_count_once(all_runs, monkeypatch):  # noqa: F811
    first = begin(all_runs, "a", image_set="mnist")
    leave_room_for(monkeypatch, *[first.need] * 3)
    assert [begin(all_runs, owner, image_set="mnist").state for owner in "bc"] == ["running"] * 2
    assert begin(all_runs, "d", image_set="mnist").state == "queued"


def test_one_who_asks_for_much_keeps_nobody_waiting(all_runs, monkeypatch):  # noqa: F811
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


def test_a_run_in_a_pause_gives_up_its_memory_to_one_that_trains(all_runs, worker, monkeypatch):  # noqa: F811
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


def test_a_step_waits_for_memory_too(all_runs, worker, monkeypatch):  # noqa: F811
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    leave_room_for(monkeypatch, run.need)
    all_runs.stop(run)
    all_runs.take_steps(run, 3)
    assert run.state == "queued"
    all_runs.take_steps(run, 3)  # once is enough
    all_runs.stop(other)
    assert (run.state, worker().orders_for(run)) == ("paused", ["load", "drop", "load", "step"])
    late = begin(all_runs, "c")
    assert (late.state, run.loaded) == ("queued", True)  # it is still at it
    worker().say(Rested(run.key, run.stepping))
    assert (late.state, run.loaded) == ("running", False)


def test_what_was_to_be_done_in_the_line_is_forgotten_with_a_click_on_resume(all_runs, worker, monkeypatch):  # noqa: F811
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    leave_room_for(monkeypatch, run.need)
    all_runs.stop(run)
    all_runs.explain(run)
    all_runs.pause(run)
    all_runs.resume(run)
    all_runs.stop(other)
    assert (run.state, worker().orders_for(run)) == ("running", ["load", "drop", "load"])


def test_who_rested_longest_gives_up_its_memory_first(all_runs, worker, monkeypatch):  # noqa: F811
    runs = [begin(all_runs, owner) for owner in "abc"]
    leave_room_for(monkeypatch, *[runs[0].need] * 3)
    for run in runs[:2]:
        all_runs.pause(run)
    runs[0].seen, runs[1].seen = 2.0, 1.0
    begin(all_runs, "d")
    assert [run.loaded for run in runs] == [True, False, True]


def test_nobody_moves_up_when_the_server_ends(all_runs, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_ACTIVE", "1")
    first, second = begin(all_runs, "a"), begin(all_runs, "b")
    all_runs.close()
    all_runs.stop(first)
    assert second.state == "queued"
    assert worker().orders_for(second) == []


def test_the_time_left_is_unknown_once_a_run_rests(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    worker().say(progressed(run, 50.0))
    assert run.eta_seconds == 50.0
    all_runs.pause(run)
    assert run.eta_seconds is None
    worker().say(snapshot(run, eta_seconds=49.0))  # it was on its way
    assert run.eta_seconds is None


def test_only_the_end_of_the_last_steps_asked_for_counts(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.pause(run)
    all_runs.take_steps(run, None)
    before = run.stepping
    all_runs.take_steps(run, None)
    worker().say(Rested(run.key, before))
    assert (run.state, run.stepping > before) == ("running", True)
    worker().say(Rested(run.key, run.stepping))
    assert (run.state, run.stepping) == ("paused", 0)
    all_runs.resume(run)
    worker().say(Rested(run.key, 0))  # of a pause before it
    assert run.state == "running"


def test_a_run_that_is_stopped_in_its_steps_takes_no_place(all_runs, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_ACTIVE", "1")
    run = begin(all_runs, "a")
    all_runs.pause(run)
    all_runs.take_steps(run, None)
    late = begin(all_runs, "b")
    assert late.state == "queued"
    all_runs.stop(run)
    assert late.state == "running"


def test_a_run_that_is_over_takes_no_step(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    worker().say(Done(run.key))
    all_runs.take_steps(run, 1)
    all_runs.explain(run)
    assert (run.state, worker().orders_for(run)) == ("done", ["load"])
