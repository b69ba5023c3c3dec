"""A connection that is lost: when it is taken up again, and when not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PLAY = """(() => {
    const before = { WebSocket: window.WebSocket, setTimeout: window.setTimeout, now: performance.now };
    const sockets = [], waits = [], told = [];
    let again = null, clock = 0;
    window.WebSocket = class {
        static OPEN = 1;
        constructor(url) { this.url = url; sockets.push(this); }
        send() {}
        close() {}
    };
    window.setTimeout = (callback, wait) => { again = callback; waits.push(wait); return 1; };
    performance.now = () => clock;
    try {
        const socket = new m.Socket("/there", {
            onOpen: () => told.push("open"), onMessage: (data) => told.push(data),
            onLost: () => told.push("lost"), onRefused: (code) => told.push(code) });
        for (const [what, value] of a) {
            const now = sockets.at(-1);
            if (what === "open") now.onopen();
            else if (what === "message") now.onmessage({ data: value });
            else if (what === "lasts") clock += value;
            else if (what === "close") socket.close();
            else if (what === "lose") {
                again = null;
                now.onclose({ code: value });
                again?.();
            }
        }
        return { tries: sockets.length, url: sockets[0].url, waits, told };
    } finally {
        Object.assign(window, { WebSocket: before.WebSocket, setTimeout: before.setTimeout });
        performance.now = before.now;
    }
})()"""


@pytest.fixture
def play(call: Callable) -> Callable[[list], dict[str, Any]]:
    """Let a socket's other end do these things one after the other, and tell what came of it."""
    return lambda events: call("data/socket.js", PLAY, events)


def test_waits_grow_up_to_a_bound_also_where_it_is_let_in_only_to_be_sent_away(play: Callable) -> None:
    found = play([["open", 0], ["lose", 1013]] * 8)
    assert found["url"].startswith("ws://")
    assert found["tries"] == 9
    for n, wait in enumerate(found["waits"]):
        middle = min(8000, 400 * 2**n)
        assert 0.75 * middle <= wait <= 1.25 * middle
    assert found["told"] == ["open"] + ["open", "lost"] * 7


@pytest.mark.parametrize("good", [["message", "hello"], ["lasts", 60_000]])
def test_after_a_good_connection_it_is_sought_again_soon(good: list, play: Callable) -> None:
    found = play([["lose", 1006]] * 5 + [["open", 0], good, ["lose", 1006]])
    assert found["waits"][4] >= 0.75 * 6400
    assert found["waits"][5] <= 1.25 * 400
    assert found["told"].count("lost") == 4


@pytest.mark.parametrize("code", [1003, 4403, 4404, 4410])
def test_a_no_is_final(code: int, play: Callable) -> None:
    found = play([["open", 0], ["lose", code]])
    assert (found["tries"], found["waits"], found["told"]) == (1, [], ["open", code])


def test_nothing_comes_of_one_that_was_closed(play: Callable) -> None:
    found = play([["open", 0], ["close", 0], ["message", "late"], ["lose", 1006]])
    assert (found["tries"], found["waits"], found["told"]) == (1, [], ["open"])
