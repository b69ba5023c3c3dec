"""A teacher and two students do a lesson together, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.serving import Errors


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()


def choose(page: Page, field: str, option: str) -> None:
    page.locator(f".st-key-{field} [role=combobox], .st-key-{field} input").first.click()
    page.get_by_role("option", name=option).click()


def lead_to(page: Page, stage: str) -> None:
    page.locator(".st-key-class_lesson_stage").get_by_text(stage).click()


def inert(page: Page) -> bool:
    return bool(page.locator(".le-learn-thing").evaluate("(e) => e.inert"))


def test_a_class_predicts_sees_tries_and_goes_on(app_url: str, new_page: Callable[..., Page]) -> None:
    size = {"width": 1280, "height": 900}
    teacher, one, two = (new_page(viewport=size) for _ in range(3))
    errors = Errors()
    for page in (teacher, one, two):
        page.on("pageerror", lambda error: errors.append(str(error)))
    teacher.goto(f"{app_url}/class?class_part=lesson")
    choose(teacher, "class_lesson", "8. Walking")
    press(teacher, "class_lesson_open")
    code = teacher.locator(".latent-code").inner_text()
    counts = teacher.locator(".st-key-class_lesson_counts")
    expect(counts).to_contain_text("0 browsers are in the class")

    for student in (one, two):
        student.goto(f"{app_url}/class")
        student.locator(".st-key-class_code input").fill(code)
        press(student, "class_code_go")
        student.wait_for_function("window.latentExplorer?.ready")
        expect(student.locator("[data-role=lesson]")).to_have_attribute("data-lesson", "walking")
    expect(counts).to_contain_text("2 browsers are in the class; 0 of 2 have predicted")
    one.locator("[data-role=prediction] .le-options button").nth(1).click()
    expect(counts).to_contain_text("1 of 2 have predicted")
    two.locator("[data-role=prediction] .le-options button").nth(1).click()
    expect(counts).to_contain_text("2 of 2 have predicted")
    expect(counts).not_to_contain_text("thought")
    assert inert(one)

    lead_to(teacher, "Show what they predicted")
    expect(counts).to_contain_text("2 of 2 thought: About as far as they are")
    for student in (one, two):
        expect(student.locator("[data-role=tally] li").nth(1)).to_contain_text("2 of 2")
    lead_to(teacher, "Everyone tries")
    expect(one.locator("[data-role=check]")).to_be_visible()
    assert not inert(one)
    one.get_by_label("Place on the way").fill("0.5")
    expect(counts).to_contain_text("1 of 2 passed step 1")

    # A teacher whose page is closed leaves the class where it is, and finds it again.
    teacher.goto("about:blank")
    one.get_by_role("button", name="Next step").click()
    teacher.goto(f"{app_url}/class?class_part=lesson")
    expect(counts).to_contain_text("1 of 2 passed step 1")
    press(teacher, "class_lesson_back")
    for student in (one, two):
        expect(student.locator("[data-role=lesson]")).to_have_attribute("data-state", "predict")
    expect(counts).to_contain_text("0 of 2 have predicted")

    # The next lesson is gone to, from another page, too.
    two.locator('[data-testid="stSidebarNav"] a').filter(has_text="Models").click()
    expect(two.locator(".st-key-class_banner")).to_contain_text("Back to your class")
    choose(teacher, "class_lesson", "5. The bound")
    press(teacher, "class_lesson_open")
    expect(one.locator("[data-role=lesson]")).to_have_attribute("data-lesson", "bound")
    expect(two.locator("[data-role=lesson]")).to_have_attribute("data-lesson", "bound")
    press(teacher, "class_lesson_end")
    for student in (one, two):
        expect(student.get_by_text("The class is over")).to_be_visible()
        expect(student.locator("[data-role=lesson]")).to_have_attribute("data-lesson", "bound")
    assert not errors
