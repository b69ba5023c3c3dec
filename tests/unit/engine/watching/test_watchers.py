"""Who watches a run and whose hand is on, as the worker is told it; and what watchers are told."""

import json
import time

from tests.unit.engine.engine_watcher import LONG, SMALL, Loop
from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    attendance,  # noqa: F401
    begin,
    frame,
    snapshot,
    told,
    watch,
    weights,
    worker,  # noqa: F401
)
from vae_core.engine.processes.messages import Done
from vae_core.engine.processes.orders import Watch
from vae_core.engine.runs.run import SNAPSHOT, WEIGHTS, Run
from vae_core.engine.watching.messages import message
from vae_core.storage.tensorfile import metadata_of


def test_the_worker_knows_who_watches_and_how_many_hands_there_are(all_runs, worker):  # noqa: F811
    one, two = begin(all_runs, "a"), begin(all_runs, "b")
    watchers = [watch(all_runs, one), watch(all_runs, one), watch(all_runs, two)]

    def last(run):
        order = [order for order in worker().given(Watch) if order.key == run.key][-1]
        return order.watchers, order.hands, order.all_hands

    assert last(one) == (2, 0, 0)
    watchers[0].hand(True)
    watchers[2].hand(True)
    assert (last(one), last(two)) == ((2, 1, 2), (1, 1, 2))
    assert worker().orders_for(one)[-1] == "sendweights"
    watchers[2].close()
    assert (last(one), last(two)) == ((2, 1, 1), (0, 0, 1))
    worker().say(weights(one, 4))
    assert (told(watchers[0])[-1], told(watchers[1])[-1]) == ("weights", "state")


def test_old_news_of_a_run_is_not_told(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    watcher = watch(all_runs, run)
    told(watcher)
    old_news = frame(run, 99)
    all_runs.stop(run)
    all_runs.resume(run)
    told(watcher)
    worker().say(old_news)
    assert told(watcher) == []
    assert run.step == 0
    worker().say(frame(run, 3, ({"epoch": 1},)))
    assert told(watcher) == ["frame"]
    assert (run.step, run.history) == (3, [{"epoch": 1}])
    worker().say(frame(Run("0" * 32, "x", run.folder, "", "digits", SMALL, LONG, 0.0)))  # gone


def test_the_worker_is_asked_for_weights_once_however_often_hands_come(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    watcher, other = watch(all_runs, run), watch(all_runs, run)
    for on in (True, False, True):
        watcher.hand(on)
    other.hand(True)
    assert worker().orders_for(run) == ["load", "sendweights"]
    worker().say(weights(run, 4))
    assert (told(watcher)[-1], told(other)[-1]) == ("weights", "weights")
    other.hand(False)
    other.hand(True)
    assert worker().orders_for(run) == ["load", "sendweights", "sendweights"]
    worker().die()  # and has not answered
    other.hand(False)
    other.hand(True)
    assert worker().orders_for(run) == ["load", "sendweights"]


def test_a_hand_gets_the_weights_of_a_run_that_ended_before_the_worker_knew_of_it(
    all_runs,  # noqa: F811
    worker,  # noqa: F811
):
    run = begin(all_runs, "a")
    quick, patient = watch(all_runs, run), watch(all_runs, run)
    quick.hand(True)  # while the worker takes the only step and lets go of the run
    told(quick), told(patient)
    (run.folder / WEIGHTS).write_bytes(message("weights", 0, {"step": 1}))
    worker().say(Done(run.key))
    assert "weights" in told(quick)
    assert "weights" not in told(patient)


def test_who_comes_gets_the_newest_snapshot_and_not_an_older_one_from_disk(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    stored = message("snapshot", 0, {"step": 1})
    (run.folder / SNAPSHOT).write_bytes(stored)
    assert told(watch(all_runs, run)) == ["state"]  # the worker will say it
    worker().say(snapshot(run, 2))
    assert [facts_of(watch(all_runs, run), "snapshot")["step"]] == [2]
    all_runs.stop(run)
    assert [facts_of(watch(all_runs, run), "snapshot")["step"]] == [1]


def test_a_run_that_is_watched_stays_in_memory(all_runs, attendance, worker):  # noqa: F811
    watched, forgotten = begin(all_runs, "a"), begin(all_runs, "b")
    guest = all_runs.watchers.subscribe(watched, Loop(), lambda: None, is_guest=True)
    for run in (watched, forgotten):
        all_runs.stop(run)
    attendance.tick(time.monotonic() + 1e5)
    assert list(all_runs.archive.runs.values()) == [watched]
    before = watched.seen
    guest.close()
    assert watched.seen == before  # a guest is no sign of the owner
    attendance.tick(time.monotonic() + 1e5)
    assert all_runs.archive.runs == {}


def facts_of(subscription, kind):
    return next(
        json.loads(texts["json"])
        for texts in (metadata_of(data) for _, data in subscription.take())
        if texts["kind"] == kind
    )
