"""Train's first screen shows its point: before a run the film, the way of an image and the mishaps; with one
the map, the picture, the curves and the buttons; on a phone map and picture, Start and beta by the thumb."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from playwright.sync_api import Page, expect

from tests.browser.waiting import timers_end

SIZES = [(1280, 720), (1280, 900), (1920, 1080)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SETTINGS = "train_images=digits&train_architecture=mlp&train_epochs=500"

BOXES = """(selectors) => selectors.map((selector) => {
    const found = [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
    const boxes = found.map((each) => each.getBoundingClientRect());
    return [selector, boxes.map((box) => [box.left, box.top, box.right, box.bottom].map(Math.round))];
})"""

# Whether a finger in the middle of it touches it, and nothing that lies on it.
TOUCHED = """(selector) => {
    const found = document.querySelector(selector), box = found.getBoundingClientRect();
    return found.contains(document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2));
}"""

CHOICES = [
    ".st-key-train_images",
    ".st-key-train_pictures button",
    ".st-key-train_latent_dim",
    ".st-key-train_beta",
]
BUTTONS = [f".st-key-train_{name} button" for name in (
    "start", "pause", "step", "epoch", "explain", "stop", "break", "branch", "open", "film", "save", "share"
)]  # fmt: skip


def boxes(page: Page, selectors: Sequence[str]) -> dict[str, list[list[float]]]:
    return dict(page.evaluate(BOXES, list(selectors)))


def in_first_screen(page: Page, selectors: Sequence[str], bottom: float | None = None) -> None:
    """Wait until all of these are drawn, whole, in the window as it is without scrolling."""
    size = page.viewport_size
    assert size is not None
    within = f"""(selectors) => ({BOXES})(selectors).every(([, boxes]) => boxes.length && boxes.every(
        ([left, top, right, bottom]) => left >= 0 && top >= 0 && right > left && bottom > top
            && right <= {size["width"]} && bottom <= {size["height"] if bottom is None else bottom}))"""
    try:
        page.wait_for_function(within, arg=list(selectors))
    except Exception as error:
        raise AssertionError(f"not all in {size}: {boxes(page, selectors)}") from error
    assert page.evaluate("scrollY") == 0


def begun(page: Page, url: str) -> None:
    page.goto(f"{url}/train?{SETTINGS}")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    page.locator(".st-key-train_start button").click()
    page.wait_for_function("window.latentExplorer?.frames >= 1 && window.latentExplorer.ready")
    expect(page.locator(".le-timeline")).to_be_visible()


def test_before_a_run(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/train")
    expect(page.locator(".le-first-digits")).to_be_visible()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        all_before_a_run(page)


def all_before_a_run(page: Page) -> None:
    cards = [f".st-key-train_mishap_{name} button" for name in (
        "collapse", "averaged", "holes", "too_fast", "one_number", "too_small"
    )]  # fmt: skip
    film, start = ".le-first-film", ".st-key-train_start button"
    in_first_screen(page, [*CHOICES, film, start, ".train-diagram .part", *cards])
    for button in [*cards, ".st-key-train_pictures button"]:
        assert "data:image" in page.locator(button).first.evaluate(
            "(it) => getComputedStyle(it).backgroundImage"
        )
    found = boxes(page, [film, start, ".le-first-digits"])
    ((left, top, right, bottom),), ((x0, y0, x1, y1),) = found[film], found[start]
    assert left < x0 < x1 < right
    assert top < y0 < y1 < bottom, "Start lies on the film"
    assert found[".le-first-digits"][0][0] >= x1, "and covers no digit"
    assert page.locator(".st-key-train_start").count() == 1
    for button in BUTTONS[1:6] + BUTTONS[7:]:
        expect(page.locator(button).first).to_be_attached()
        expect(page.locator(button).first).to_be_hidden()


def above_the_bar(page: Page, selectors: Sequence[str]) -> None:
    """Wait until these are drawn in the first screen, and the bar of the film below them."""
    in_first_screen(page, [*CHOICES, *BUTTONS, ".le-timeline"])
    ((_, bar, _, end),) = boxes(page, [".le-timeline"])[".le-timeline"]
    assert end - bar < 70
    in_first_screen(page, selectors, bottom=bar + 1)


def test_with_a_run(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 720})  # someone else's run is not in the others' way
    begun(page, app_url)
    curves = [f'.le-charts canvas[aria-label^="{name}"]' for name in ("Reconstruction", "KL")]
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        above_the_bar(page, ["[data-role=map]", "[data-role=decoded]", *curves])

    for button, words in (("pause", "rest"), ("share", "link")):
        page.locator(f".st-key-train_{button} button").hover()
        after = f"getComputedStyle(document.querySelector('.st-key-train_{button}'), '::after')"
        page.wait_for_function(f"{after}.content.includes('{words}') && {after}.opacity === '1'")
    page.locator(".st-key-train_pause button").click()
    expect(page.locator(".st-key-train_explain button")).to_be_enabled()
    page.locator(".st-key-train_explain button").click()
    expect(page.locator("[data-role=slow-motion]")).to_be_visible()
    for _ in range(7):
        page.get_by_role("button", name="Next").click()
    parts = [".le-slow-body figure canvas", ".le-slow-table", ".le-slow-bars:not(.le-slow-weights)"]
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        above_the_bar(page, ["[data-role=map]", *parts])


def test_on_a_phone(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(**PHONE)
    page.goto(f"{app_url}/train")
    reach = [".st-key-train_start button", ".st-key-train_beta input"]
    in_first_screen(page, [".le-first-film", *reach])
    for selector in reach:
        page.wait_for_function(TOUCHED, arg=selector)
    begun(page, app_url)
    in_first_screen(page, ["[data-role=map]", "[data-role=decoded]", *reach])
    for selector, found in boxes(page, reach).items():
        assert found[0][1] > 0.6 * 844, f"{selector} lies where the thumb is"
        page.wait_for_function(TOUCHED, arg=selector)
    in_first_screen(page, [".st-key-train_beta [data-testid=stNumberInputContainer]"])
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    in_first_screen(page, [f".st-key-train_{name} button" for name in ("pause", "step", "break")])


def test_a_link_fills_fields_under_more_while_it_is_closed(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{app_url}/train?train_epochs=7&train_family=autoencoder&train_seed=3")
    for key, value in {"epochs": "7", "seed": "3"}.items():
        field = page.locator(f".st-key-train_{key} input")
        expect(field).to_have_value(value)
        expect(field).to_be_hidden()
    expect(page.locator(".part-pull")).to_have_count(0)  # an autoencoder's codes are pulled nowhere


def test_a_part_lights_up_with_its_setting(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/train")
    lit = (
        "(name) => getComputedStyle(document.querySelector(`.part-${name}`)).getPropertyValue('--lit').trim()"
    )
    expect(page.locator(".part-pull")).to_be_visible()
    assert page.evaluate(lit, "pull") == ""
    page.locator(".st-key-train_beta").hover()
    assert page.evaluate(lit, "pull") == "1"
    assert page.evaluate(lit, "code") == ""
    page.locator(".st-key-train_latent_dim").hover()
    assert page.evaluate(lit, "code") == "1"
    assert page.evaluate(lit, "pull") == ""


def test_the_film_runs_and_rests_where_less_motion_is_wanted(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{app_url}/train")
    words = page.locator(".le-first-words")
    expect(words).to_contain_text("step")
    before = words.inner_text()
    expect(words).not_to_have_text(before)
    still = new_page(reduced_motion="reduce")
    still.goto(f"{app_url}/train")
    expect(still.locator(".le-first-words")).to_contain_text("step")
    last = still.locator(".le-first-words").inner_text()
    timers_end(still, 1000)  # three moments of a film that runs
    assert still.locator(".le-first-words").inner_text() == last
