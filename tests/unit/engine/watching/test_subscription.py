"""What one watching browser gets of a run, and when."""

import asyncio
import json
import threading

from vae_core.engine.watching.subscription import Subscription
from vae_core.storage.tensorfile import metadata_of


class Watched:
    def __init__(self):
        self.history = [{"epoch": 1}, {"epoch": 2}]

    def hello_facts(self):
        return {"run": "r", "history": list(self.history)}

    def history_from(self, start):
        return self.history[start:]


class Hands(list):
    def __call__(self, subscription, on):
        self.append(on)


def subscribed():
    run, hands = Watched(), Hands()
    loop = asyncio.new_event_loop()
    loop.close()  # a closed loop must not matter
    return Subscription(run, threading.RLock(), loop, lambda: None, hands, lambda _: None), run, hands


def kinds(taken):
    return [metadata_of(data)["kind"] for _, data in taken]


def facts(data):
    return json.loads(metadata_of(data)["json"])


def test_only_the_newest_of_each_kind_is_sent_and_hello_comes_first():
    subscription, *_ = subscribed()
    subscription.put("frame", {"step": 1})
    subscription.put("frame", {"step": 2})
    subscription.put("state", {"state": "running"})
    subscription.put("hello", {})
    subscription.put("frame", {"step": 3})
    taken = subscription.take()
    assert kinds(taken) == ["hello", "state"]
    assert [seq for seq, _ in taken] == [1, 2]
    subscription.ack(2)
    ((seq, data),) = subscription.take()
    assert (seq, facts(data)["step"]) == (3, 3)


def test_at_most_two_are_unacknowledged():
    subscription, *_ = subscribed()
    sent = 0
    for step in range(50):
        subscription.put("frame", {"step": step})
        sent += len(subscription.take())
    assert sent == 2
    subscription.ack(1)
    subscription.put("frame", {"step": 50})
    assert [facts(data)["step"] for _, data in subscription.take()] == [50]
    subscription.ack(999)
    subscription.put("frame", {"step": 51})
    assert len(subscription.take()) == 1


def test_a_snapshot_replaces_the_frame_before_it_and_brings_the_history_that_is_missing():
    subscription, run, _ = subscribed()
    subscription.put("hello", {})
    assert len(facts(subscription.take()[0][1])["history"]) == 2
    subscription.ack(1)
    for epoch in (3, 4):  # the first of these is never taken
        run.history.append({"epoch": epoch})
        subscription.put("frame", {"step": epoch})
        subscription.put("snapshot", {"step": epoch})
    taken = subscription.take()
    assert kinds(taken) == ["snapshot"]
    assert [entry["epoch"] for entry in facts(taken[0][1])["history_tail"]] == [3, 4]
    subscription.ack(2)
    subscription.put("snapshot", {"step": 5})
    assert facts(subscription.take()[0][1])["history_tail"] == []


def test_weights_go_only_to_a_hand_and_once():
    subscription, _, hands = subscribed()
    subscription.put("weights", {"step": 1})
    assert subscription.take() == []
    subscription.hand(True)
    subscription.hand(True)
    assert hands == [True]
    for step in (1, 1, 2):
        subscription.put("weights", {"step": step})
    assert [facts(data)["step"] for _, data in subscription.take()] == [2]
    subscription.put("weights", {"step": 2})
    assert subscription.take() == []
    subscription.put("weights", {"step": 3})
    subscription.hand(False)
    assert subscription.take() == []
    assert hands == [True, False]


def test_a_closed_subscription_is_silent():
    subscription, _, hands = subscribed()
    subscription.put("frame", {"step": 1})
    subscription.close()
    subscription.close()
    subscription.put("frame", {"step": 2})
    subscription.hand(True)
    assert subscription.take() == []
    assert hands == []


def test_a_browser_gets_what_there_is_while_someone_holds_the_engines_lock():
    lock, loop, taken = threading.RLock(), asyncio.new_event_loop(), []
    loop.close()
    subscription = Subscription(Watched(), lock, loop, lambda: None, lambda *_: None, lambda _: None)
    subscription.put("hello", {"probe_count": 7})

    def take():
        taken.extend(subscription.take())
        subscription.ack(1)
        taken.append("acknowledged")

    browser = threading.Thread(target=take)
    with lock:
        browser.start()
        browser.join(60)
        in_time = list(taken)
    browser.join()
    assert kinds(in_time[:1]) == ["hello"]
    assert facts(in_time[0][1])["probe_count"] == 7
    assert facts(in_time[0][1])["run"] == "r"
    assert in_time[1:] == ["acknowledged"]


def test_a_watcher_is_woken_in_its_own_loop():
    async def watch():
        woken = asyncio.Event()
        subscription = Subscription(
            Watched(),
            threading.RLock(),
            asyncio.get_running_loop(),
            woken.set,
            lambda *_: None,
            lambda _: None,
        )
        threading.Thread(target=subscription.put, args=("frame", {"step": 1})).start()
        await asyncio.wait_for(woken.wait(), 5)
        return subscription.take()

    assert kinds(asyncio.run(watch())) == ["frame"]
