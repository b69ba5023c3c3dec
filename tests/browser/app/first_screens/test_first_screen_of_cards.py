"""Models, Images and Class: all that one can do there lies in the first screen, no word of it cut off."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

SCREENS = [(1280, 720), (1280, 900), (1920, 1080)]
OUTSIDE = """selectors => selectors.flatMap((selector) => {
  const found = [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  if (!found.length) return [`${selector}: not there`];
  return found.filter((each) => {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
  }).map((each) => `${selector}: ${each.textContent} ends at ${each.getBoundingClientRect().bottom}`);
})"""
CUT = """selector => [...document.querySelectorAll(selector)]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent)"""


def on_each_screen(page: Page, inside: list[str], words: str) -> None:
    """Wait until all of these lie within the screen, whichever it is, and no word is cut off."""
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"selectors => ({OUTSIDE})(selectors).length === 0", arg=inside)
        page.wait_for_function(f"selector => ({CUT})(selector).length === 0", arg=words)


def test_every_model_and_what_one_does_with_it(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/models")
    expect(page.locator(".st-key-gallery img")).to_have_count(11)
    cards = page.locator(".st-key-gallery > div")
    assert cards.count() == 11
    for card in cards.all():
        expect(card.get_by_role("link", name="Explore", exact=True)).to_be_visible()
    first = ".st-key-gallery > div:nth-child(-n + 6)"  # the others follow below
    inside = [first, f"{first} a", f"{first} button", ".st-key-models_add button"]
    on_each_screen(page, inside, ".st-key-gallery a p, .st-key-gallery button p")


def test_every_image_set_and_what_one_does_with_it(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/images")
    expect(page.locator(".st-key-image_sets img")).to_have_count(4)
    inside = [".st-key-image_sets > div", ".st-key-image_sets a", ".st-key-image_sets button"]
    on_each_screen(page, inside, ".st-key-image_sets p")


def test_every_part_of_class_and_what_it_begins_with(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    cards = [".st-key-class_part label", ".st-key-class_code input", ".st-key-class_code_go button"]
    firsts = {
        "join": [".latent-qr", ".st-key-class_address_text p"],
        "follow": [".st-key-class_lead button"],
        "task": [".st-key-class_task_sentence input", ".st-key-class_task_make button"],
        "wall": [".st-key-class_shown a"],
    }
    for part, inside in firsts.items():
        page.goto(f"{app_url}/class?class_part={part}")
        expect(page.locator(inside[-1]).first).to_be_visible()
        on_each_screen(page, [*cards, *inside], ".st-key-class_part p")
    page.goto(f"{app_url}/class?class_part=follow")
    page.locator(".st-key-class_lead button").click()
    poster = [".latent-code", ".latent-qr", ".st-key-class_lead_stop button", ".st-key-class_announce label"]
    expect(page.locator(".latent-code")).to_be_visible()
    on_each_screen(page, [*cards, *poster], "[data-testid=stSidebar] a span")
    page.locator(".st-key-class_lead_stop button").click()
    expect(page.locator(".st-key-class_lead button")).to_be_visible()
