"""How many wrong codes a browser and an address may give."""

from __future__ import annotations

import pytest

from ui.classroom.wrong_codes import OF_A_BROWSER, OF_AN_ADDRESS, SECONDS, TooManyError, WrongCodes


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_ten_wrong_codes_a_minute_from_a_browser() -> None:
    clock = Clock()
    wrong = WrongCodes(clock)
    for n in range(OF_A_BROWSER):
        clock.now = n
        wrong.check("me", "192.0.2.1")
        wrong.note("me", "192.0.2.1")
    with pytest.raises(TooManyError):
        wrong.check("me", "192.0.2.1")
    wrong.check("you", "192.0.2.1")
    clock.now = SECONDS  # the first one is a minute old, the others are not
    wrong.check("me", "192.0.2.1")
    wrong.note("me", "192.0.2.1")
    with pytest.raises(TooManyError):
        wrong.check("me", "192.0.2.1")


def test_a_hundred_from_an_address_whoever_one_is() -> None:
    wrong = WrongCodes(Clock())
    for n in range(OF_AN_ADDRESS):
        wrong.check(f"browser {n}", "2001:db8::1")
        wrong.note(f"browser {n}", f"2001:db8::{n:x}")
    with pytest.raises(TooManyError):
        wrong.check("one more", "2001:db8::ffff")  # the same network
    wrong.check("one more", "2001:db8:1::1")


def test_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.classroom.wrong_codes.MOST_REMEMBERED", 20)
    wrong = WrongCodes(Clock())
    for n in range(200):
        wrong.note(f"browser {n}", f"192.0.2.{n}")
    assert len(wrong._times) == 20
