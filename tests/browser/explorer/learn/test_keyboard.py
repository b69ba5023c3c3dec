"""A lesson by keyboard alone: from the prediction to the check, and nothing is lost on the way."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.explorer.learn.test_playing import Play, play, quantities, state  # noqa: F401
from tests.browser.serving import Errors

MOST_TABS = 40
"""A lesson has no more to stop at."""


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until something has the focus."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("(e) => e === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"Tab does not lead to {wanted}")


def test_a_lesson_is_done_by_keys_alone(play: Play, errors: Errors) -> None:  # noqa: F811
    page = play("walking")
    tab_to(page, page.locator("[data-role=prediction] .le-options button").nth(1))
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said: About as far as they are")).to_be_visible()
    check = page.get_by_role("button", name="Check", exact=True)
    tab_to(page, check)
    page.keyboard.press("Enter")
    assert state(page) == "failed"
    expect(check).to_be_focused()
    tab_to(page, page.get_by_label("Place on the way"))
    for _ in range(50):
        page.keyboard.press("ArrowRight")
    assert quantities(page)["t"] == 0.5
    tab_to(page, page.get_by_role("button", name="Next step"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Draw another pair"))
    for _ in range(3):
        page.keyboard.press("Space")
    assert state(page) == "passed"
    symbol = page.locator("[data-lights=t]").first
    tab_to(page, symbol, "Shift+Tab")
    expect(page.locator("[data-number=t]")).to_have_class("le-lit")
    back = page.get_by_role("button", name="Set everything back")
    tab_to(page, back)
    page.keyboard.press("Enter")
    expect(page.locator("[data-role=lesson]")).to_have_attribute("data-state", "predict")
    tab_to(page, page.locator("[data-role=prediction] .le-options button").first)
    assert not errors


def test_points_are_set_by_keys(play: Play) -> None:  # noqa: F811
    page = play("bound")
    tab_to(page, page.locator("[data-role=prediction] .le-options button").first)
    page.keyboard.press("Enter")
    tab_to(page, page.locator("[data-part=points]"))
    for step in range(3):
        for _ in range(3):
            page.keyboard.press("Shift+ArrowUp" if step else "Shift+ArrowLeft")
        page.keyboard.press("Enter")
        now = quantities(page)
        assert now["added"] == step + 1
        # A fifth of the way to the edge with each key, and never beyond it.
        assert now["x_0"] == -1.5
        assert now["x_1"] == min(1.5 * step, 2.5)
