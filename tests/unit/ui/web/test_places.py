"""Places at a link: by browser, and by address for those without cookies."""

import contextlib

import pytest
from starlette.requests import HTTPConnection

from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.web.guards import places
from ui.web.guards.places import NoPlaceError, Places


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))


def browser(owner=None, address="192.168.1.1"):
    cookie = [(b"cookie", f"{COOKIE}={cookie_of(owner)}".encode())] if owner else []
    return HTTPConnection({"type": "websocket", "headers": cookie, "client": (address, 1)})


def fill(found, stack, connections, link="link"):
    """Take places until there is none; return how many there were."""
    count = 0
    for connection in connections:
        with contextlib.suppress(NoPlaceError):
            stack.enter_context(found.place(link, connection))
            count += 1
    return count


def test_forty_of_one_address_with_two_tabs_each_get_in_beside_a_hundred_without_cookies():
    found = Places()
    with contextlib.ExitStack() as stack:
        assert fill(found, stack, [browser()] * 1000) == places.MOST_OF_ADDRESS
        others = [browser(address=f"10.0.0.{n}") for n in range(100)]
        assert fill(found, stack, others) == places.MOST_WITHOUT_COOKIE - places.MOST_OF_ADDRESS
        for _ in range(40):
            assert fill(found, stack, [browser(new_owner())] * 2) == 2


def test_forty_that_refuse_cookies_get_in_too():
    found = Places()
    with contextlib.ExitStack() as stack:
        assert fill(found, stack, [browser(address="10.0.0.1")] * 80) == 80


def test_one_browser_takes_the_places_of_three_tabs_and_each_link_has_its_own():
    found, owner = Places(), new_owner()
    with contextlib.ExitStack() as stack:
        assert fill(found, stack, [browser(owner)] * 500) == places.MOST_TABS
        assert fill(found, stack, [browser(owner)] * 500, link="another") == places.MOST_TABS
        assert found.taken("link") == places.MOST_TABS


def test_places_are_free_again():
    found, owners = Places(), [new_owner() for _ in range(places.MOST_BROWSERS)]
    with contextlib.ExitStack() as stack:
        assert fill(found, stack, map(browser, owners)) == places.MOST_BROWSERS
        assert fill(found, stack, [browser(new_owner())]) == 0
        assert fill(found, stack, [browser(owners[0])]) == 1  # another tab of one who is in
    assert found.taken("link") == 0
    assert not found._browsers
