"""Whose turn it is, by seconds that a test counts: no clock is asked."""

import pytest

from vae_core.engine.worker.turns import FIRST_SHARE, FIRST_TURN, LONGEST_ROUND, LONGEST_TURN, Schedule


def schedule_of(*owners, asks=False):
    schedule = Schedule()
    for owner in owners:
        schedule.add(owner, asks=asks)
    return schedule


def take(schedule, seconds=None):
    """Take a turn, as long as it may be or some seconds; returns it."""
    turn = schedule.turn()
    schedule.took(turn, turn.seconds if seconds is None else seconds)
    return turn


def test_one_alone_has_a_short_first_turn_and_then_longer_ones():
    schedule = schedule_of("a", asks=True)
    assert (take(schedule).seconds, take(schedule).is_first) == (FIRST_TURN, False)
    assert FIRST_TURN < schedule.length() <= LONGEST_TURN


def test_who_asks_comes_before_all_others():
    schedule = schedule_of(*"abc")
    take(schedule)
    schedule.add("new", asks=True)
    assert schedule.is_urgent()
    assert take(schedule).owner == "new"
    assert [take(schedule).owner for _ in range(4)] == ["b", "c", "a", "new"]


def test_after_a_first_turn_come_ordinary_ones_of_twice_its_time():
    schedule = schedule_of(*"abcd")
    schedule.add("x", asks=True)
    assert take(schedule).is_first
    between, turns = 0.0, 0
    while not schedule.is_urgent():
        schedule.add(f"y{turns}", asks=True)
        turn = take(schedule)
        between, turns = between + turn.seconds, turns + 1
        assert turns < 100
    assert between >= FIRST_TURN / FIRST_SHARE
    assert take(schedule).is_first
    assert not schedule.is_urgent()


def test_a_first_turn_of_no_time_at_all_is_followed_by_an_ordinary_one():
    schedule = schedule_of("a", "x", "y")
    schedule.add("x", asks=True)
    schedule.add("y", asks=True)
    assert [take(schedule, 0.0).is_first for _ in range(3)] == [True, False, True]


def test_an_owner_has_one_first_turn_a_round():
    schedule, firsts = schedule_of(*"abcde"), []
    for _ in range(60):
        schedule.add("e", asks=True)
        turn = take(schedule, 0.01)
        firsts.append("E" if turn.is_first else turn.owner)
    rounds = "".join(firsts).split("E")
    assert len(rounds) > 5
    assert all(set("abcd") <= set(part) for part in rounds[1:-1])


def test_an_owner_who_leaves_and_comes_back_has_no_other_first_turn_in_the_round():
    schedule = schedule_of(*"abc")
    schedule.add("x", asks=True)
    assert take(schedule).owner == "x"
    schedule.remove("x")
    schedule.add("x", asks=True)
    assert [take(schedule).owner for _ in range(3)] == ["a", "b", "c"]


def test_who_takes_longer_than_a_turn_pays_for_it():
    schedule = schedule_of(*"abc")
    quantum = schedule.length()
    dear = 3.4 * quantum
    seconds = dict.fromkeys("abc", 0.0)
    for _ in range(400):
        turn = schedule.turn()
        spent = dear if turn.owner == "a" else turn.seconds
        seconds[turn.owner] += spent
        schedule.took(turn, spent)
    assert seconds["a"] == pytest.approx(seconds["b"], rel=0.25)  # or it would be 3.4 times as much
    assert seconds["b"] == pytest.approx(seconds["c"], abs=quantum)


@pytest.mark.parametrize("frame", [0.1, 0.2, 0.3])
def test_beside_thirty_who_ask_without_pause_a_quiet_one_waits_for_a_round(frame):
    """Each turn takes a frame's time at least, as on a busy machine, and whoever had one asks again."""
    schedule, now, had, longest = schedule_of("quiet"), 0.0, 0.0, 0.0
    for index in range(30):
        schedule.add(f"asks {index}", asks=True)
    while now < 120:
        turn = schedule.turn()
        seconds = frame if turn.is_first else max(frame, turn.seconds)
        if turn.owner == "quiet":
            longest, had = max(longest, now - had), now + seconds
        else:
            schedule.add(turn.owner, asks=True)
        now += seconds
        schedule.took(turn, seconds)
    assert longest < 4.0


def test_that_others_took_the_processor_is_held_against_those_alone_who_asked():
    for worked, asks, debt in ((0.2, False, 0.0), (2.0, False, 1.0), (0.2, True, 1.0)):
        schedule = schedule_of("a", "b", asks=asks)
        turn = schedule.turn()
        schedule.took(turn, turn.seconds + 1.0, min(worked, 1.0) + turn.seconds * (worked > 1))
        assert schedule._debts.get("a", 0.0) == pytest.approx(debt)


def test_what_was_done_out_of_turn_is_paid_for_too():
    schedule = schedule_of("a", "b")
    schedule.charge("a", 2.5 * schedule.length())
    assert [take(schedule).owner for _ in range(4)] == ["b", "b", "a", "b"]


def test_nobody_waits_for_those_who_pay_when_no_one_else_is_there():
    schedule = schedule_of("a", "b")
    schedule.charge("a", 100.0)
    schedule.charge("b", 100.0)
    assert schedule.turn() is not None


@pytest.mark.parametrize("count", [1, 7, 8, 30, 40])
def test_a_round_is_short_and_leaves_nobody_out(count):
    owners = [str(index) for index in range(count)]
    schedule = schedule_of(*owners, asks=True)
    turns = [take(schedule) for _ in range(3 * count)]
    assert {turn.owner for turn in turns[:count]} == set(owners)
    ordinary = [turn for turn in turns if not turn.is_first][-count:]
    assert sum(turn.seconds for turn in ordinary) <= LONGEST_ROUND + 1e-9


def test_who_left_has_no_turn():
    schedule = schedule_of("a", asks=True)
    schedule.add("a", asks=False)
    schedule.add("b", asks=False)
    assert len(schedule) == 2
    schedule.remove("a")
    schedule.remove("a")
    assert "a" not in schedule
    assert take(schedule).owner == "b"
    schedule.remove("b")
    assert schedule.turn() is None
