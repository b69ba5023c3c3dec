"""When a worker hangs, by a clock that a test turns; and a real one that is stopped."""

import logging
import threading
from itertools import pairwise

import pytest

from tests.unit.engine.fake_worker import (
    FakeWorker,
    worker,  # noqa: F401
)
from vae_core.engine.processes.messages import BusyWith, Idle, JobProgress, JobWaits, Ready
from vae_core.engine.processes.orders import DoJob
from vae_core.engine.processes.supervisor import HUNG_SECONDS, LATE_SECONDS, WORKING, Supervisor

TICK = 0.25
ORDER = DoJob("j", "encode", {})


class Watch:
    """A supervisor with one worker, whose time goes on as a test says."""

    def __init__(self, home):
        self.now, self.deaths, self.starts = 1000.0, [], 0
        self.supervisor = Supervisor(home, threading.RLock(), clock=lambda: self.now)
        self.worker = self.supervisor.employ(
            "quick", on_message=lambda message: None, on_start=self.start, on_death=self.bury
        )
        self.worker.ready()

    def start(self):
        self.starts += 1

    def bury(self, death):
        self.deaths.append(death)
        self.worker.ready()

    def pass_time(self, seconds, *, using=0.0, saying=None):
        """Let time go on, step by step; the process uses such a share of it, and speaks each second."""
        for step in range(round(seconds / TICK)):
            self.now += TICK
            FakeWorker.made[-1].used += using * TICK
            if saying is not None and step % 4 == 0:
                FakeWorker.made[-1].say(saying)
            self.supervisor.tick(self.now)

    def get_idle(self):
        FakeWorker.made[-1].say(Ready())
        FakeWorker.made[-1].say(Idle(len(FakeWorker.made[-1].given(DoJob))))


@pytest.fixture
def watch(tmp_path, worker):  # noqa: F811
    return Watch(tmp_path)


def test_one_that_neither_speaks_nor_works_is_ended_within_twenty_seconds(watch, caplog):
    watch.get_idle()
    watch.worker.send(ORDER)
    FakeWorker.made[0].say(BusyWith("the run"))
    watch.pass_time(HUNG_SECONDS - TICK)
    assert watch.deaths == []
    with caplog.at_level(logging.WARNING):
        watch.pass_time(2 * TICK)
    assert FakeWorker.made[0].killed
    assert [(death.cause, death.busy_with) for death in watch.deaths] == [("hung", "the run")]
    assert watch.starts == 2  # another takes its place at once, and does not wait for its end
    assert "the quick process hangs; its run: the run" in caplog.text
    FakeWorker.made[0].die()  # that comes late, and is no news
    assert (len(watch.deaths), watch.starts) == (1, 2)


def test_one_with_nothing_to_do_may_be_silent_for_ever(watch):
    watch.get_idle()
    watch.pass_time(10 * HUNG_SECONDS)
    assert watch.deaths == []
    watch.worker.send(ORDER)  # from now on it counts
    watch.pass_time(HUNG_SECONDS - TICK)
    assert watch.deaths == []


def test_one_that_is_idle_as_to_an_earlier_order_has_something_to_do(watch):
    watch.get_idle()
    watch.worker.send(ORDER)
    FakeWorker.made[0].say(Idle(0))  # said before it has read the order
    watch.pass_time(HUNG_SECONDS + TICK)
    assert [death.cause for death in watch.deaths] == ["hung"]


def test_one_that_never_gets_ready_hangs(watch):
    watch.pass_time(HUNG_SECONDS + TICK)
    assert [death.cause for death in watch.deaths] == ["hung"]


@pytest.mark.parametrize("share", [1.0, 0.02], ids=["all of a processor", "a busy machine"])
def test_a_long_step_or_a_compiler_is_left_alone(watch, share):
    watch.get_idle()
    watch.worker.send(ORDER)
    watch.pass_time(20 * HUNG_SECONDS, using=share)
    assert watch.deaths == []


def test_one_whose_threads_only_look_up_now_and_then_hangs(watch):
    watch.get_idle()
    watch.worker.send(ORDER)
    watch.pass_time(HUNG_SECONDS + 1, using=0.5 * WORKING / HUNG_SECONDS)
    assert [death.cause for death in watch.deaths] == ["hung"]


@pytest.mark.parametrize("message", [JobProgress("j", 0.5, "half"), JobWaits("j")], ids=["progress", "waits"])
def test_one_that_speaks_is_left_alone(watch, message):
    watch.get_idle()
    watch.worker.send(ORDER)
    watch.pass_time(20 * HUNG_SECONDS, saying=message)
    assert watch.deaths == []


def test_silence_while_the_machine_slept_does_not_count(watch):
    watch.get_idle()
    watch.worker.send(ORDER)
    watch.pass_time(HUNG_SECONDS - 1)
    watch.now += 8 * 3600  # the lid was closed
    watch.pass_time(HUNG_SECONDS - TICK)
    assert watch.deaths == []
    watch.pass_time(1)
    assert [death.cause for death in watch.deaths] == ["hung"]


def test_a_supervisor_that_is_a_little_late_still_counts(watch):
    watch.get_idle()
    watch.worker.send(ORDER)
    for _ in range(8):
        watch.now += LATE_SECONDS - 0.5
        watch.supervisor.tick(watch.now)
    assert [death.cause for death in watch.deaths] == ["hung"]


def test_one_that_hangs_again_and_again_is_started_ever_more_rarely(watch):
    starts = []
    while len(starts) < 6:
        before = watch.starts
        watch.pass_time(TICK)
        starts += [watch.now] * (watch.starts - before)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > gaps[0] + 4


def test_what_does_not_concern_the_process_itself_reaches_its_employer(tmp_path, worker):  # noqa: F811
    heard = []
    supervisor = Supervisor(tmp_path, threading.RLock())
    supervisor.employ("quick", on_message=heard.append, on_start=lambda: None, on_death=heard.append).ready()
    made, message = FakeWorker.made[0], JobProgress("j", 0.5, "half")
    for each in (Ready(), BusyWith("x"), message, Idle(0)):
        made.say(each)
    assert heard == [message]
    supervisor.close()
    made.say(message)
    made.die()
    assert heard == [message]
    assert made.closed
