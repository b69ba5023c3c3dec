"""What a link changes of a lesson: parts that are hidden or locked, a seed; and setting it all back."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import expect

from tests.browser.explorer.learn.test_playing import Play, play, predict, pull, quantities  # noqa: F401
from ui.learn.files.lessons import lesson_named


def test_parts_are_hidden_or_locked_and_come_no_more_to_keys(play: Play) -> None:  # noqa: F811
    lesson = lesson_named("clouds")
    assert lesson is not None
    page = play("clouds", replace(lesson, hide=("posteriors", "numbers"), lock=("deviation",)))
    predict(page)
    for gone in ("[data-part=posteriors]", ".le-learn-numbers"):
        expect(page.locator(gone)).to_be_hidden()
    slider = page.get_by_label("Times the encoder's deviation")
    expect(slider).to_be_visible()
    slider.evaluate("(e) => e.focus()")
    expect(slider).not_to_be_focused()
    page.get_by_role("button", name="Draw z").click()
    assert quantities(page)["draws"] == 1
    assert quantities(page)["deviation"] == 1


def test_with_a_seed_all_draw_the_same_and_setting_back_begins_anew(play: Play) -> None:  # noqa: F811
    lesson = lesson_named("walking")
    assert lesson is not None
    seeded = replace(lesson, seed=7)
    drawn = []
    page = play("walking", seeded)
    for turn in range(2):
        predict(page)
        pull(page, "Place on the way", 0.5)
        page.get_by_role("button", name="Next step").click()
        drawn.append(quantities(page)["angle"])
        if turn == 0:
            page.get_by_role("button", name="Set everything back").click()
            expect(page.locator("[data-role=lesson]")).to_have_attribute("data-state", "predict")
            assert quantities(page)["t"] == 0
            assert quantities(page)["is_prior"] == 0
    assert drawn[0] == drawn[1]
    other = play("walking")
    predict(other)
    pull(other, "Place on the way", 0.5)
    other.get_by_role("button", name="Next step").click()
    assert quantities(other)["angle"] != drawn[0]
