"""A lesson that a class does together: from the Class page to Learn, for who leads and for who takes part."""

from __future__ import annotations

import pytest

from tests.pages.stand_ins import App, FakeExplorer
from ui.classroom import code_entry, parts, wrong_codes
from ui.identity import leaders
from ui.identity.owner import new_owner
from ui.learn.files.lessons import lesson_named
from ui.library import links
from ui.web.sockets import lesson_rooms
from ui.web.sockets.lesson_rooms import Answer, OpenLesson

FORCES = OpenLesson("forces", options=3, least=0.0, greatest=1.0, steps=4)
COLLAPSE = OpenLesson("collapse", options=0, least=0.0, greatest=8.0, steps=4)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "addresses", lambda: ("http://192.0.2.7:8501",))
    monkeypatch.setattr(code_entry, "WRONG", wrong_codes.WrongCodes())
    lesson_rooms._ROOMS.clear()


def said_in(app: App) -> str:
    bars = [element.proto.text for element in app.test.get("progress")]
    return "\n".join([app.text, *bars]).replace("\\", "").replace("\u2060", "")


def order(number: float, do: str, **values: object) -> dict[str, object]:
    return {"order": {"number": number, "do": do, "values": values}}


def test_a_teacher_opens_a_lesson_and_sees_what_is_counted(app: App, component: FakeExplorer) -> None:
    app.open("class", class_part="lesson")
    app.test.selectbox(key="class_lesson").set_value("forces")
    app.run().click("class_lesson_open")
    (link,) = links._links().by_token.values()
    assert (link.kind, len(link.code)) == ("lesson", 6)
    opened = lesson_rooms.open_at(link.token)
    assert opened == FORCES
    room = lesson_rooms.room_of(link.token)
    for n in range(3):
        room.note(f"{n}", Answer(1, min(n, 1), n), FORCES)
    app.run()
    assert "3 browsers are in the class; 3 of 3 have predicted" in said_in(app)
    assert "thought" not in said_in(app), "it is shown when the teacher says so"
    assert "2 of 3 passed step 1" in said_in(app)
    app.test.segmented_control(key="class_lesson_stage").set_value("shown")
    app.run()
    lesson = lesson_named("forces")
    assert lesson is not None
    assert f"2 of 3 thought: {lesson.prediction.options[1].say}" in said_in(app)
    found = lesson_rooms.open_at(link.token)
    assert found is not None
    assert (found.stage, found.turn) == ("shown", 1)
    app.click("class_lesson_back")
    found = lesson_rooms.open_at(link.token)
    assert found is not None
    assert (found.stage, found.turn) == ("predict", 2)
    assert "0 browsers are in the class" in said_in(app)
    app.click("class_lesson_end")
    assert lesson_rooms.open_at(link.token) is None


def test_numbers_that_were_said_are_counted_too(app: App) -> None:
    app.open("class", class_part="lesson")
    app.test.selectbox(key="class_lesson").set_value("collapse")
    app.run().click("class_lesson_open")
    (link,) = links._links().by_token.values()
    assert lesson_rooms.open_at(link.token) == COLLAPSE
    room = lesson_rooms.room_of(link.token)
    for n, number in enumerate((8, 8, 3)):
        room.note(f"{n}", Answer(1, number, 0), COLLAPSE)
    app.test.segmented_control(key="class_lesson_stage").set_value("shown")
    app.run()
    assert "2 of 3 thought: 8" in said_in(app)


def test_only_who_may_lead_opens_a_lesson(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.open("class", class_part="lesson")
    monkeypatch.setattr(leaders, "is_operator", lambda: False)
    app.click("class_lesson_open")  # the page was drawn before it was taken back
    assert not links._links().by_token
    assert "Whoever runs this server" in app.said
    assert "class_lesson_open" not in {button.key for button in app.test.button}


def join(app: App, token: str) -> None:
    app.open("learn", room=token)


def test_a_code_leads_to_the_lesson(app: App, component: FakeExplorer) -> None:
    teacher = new_owner()
    link = lesson_rooms.open_for_class(teacher, FORCES)
    app.open("class")
    app.test.text_input(key="class_code").input(link.code)
    app.click("class_code_go")
    told = component.told[-1]
    assert told["lesson"]["slug"] == "forces"
    assert told["room"] == {
        "url": f"/latent/lesson/{link.token}",
        "turn": 1,
        "lesson": "forces",
        "title": "Two forces",
        "stage": "predict",
        "own": False,
    }


def test_the_page_goes_where_the_class_goes_and_one_is_free_to_go(app: App, component: FakeExplorer) -> None:
    teacher = new_owner()
    token = lesson_rooms.open_for_class(teacher, FORCES).token
    join(app, token)
    lesson_rooms.open_for_class(teacher, COLLAPSE)
    component.says = order(1, "open", slug="")  # what the browser asks for, once it has heard of it
    app.run()
    told = component.told[-1]
    assert (told["lesson"]["slug"], told["room"]["turn"]) == ("collapse", 2)
    app.test.selectbox(key="learn_lesson").set_value("walking")
    app.run()
    assert component.told[-1]["lesson"]["slug"] == "walking", "one is free to look elsewhere"
    assert component.told[-1]["room"]["lesson"] == "collapse"
    component.says = order(2, "open", slug="")
    app.run()
    assert component.told[-1]["lesson"]["slug"] == "collapse"


def test_who_is_on_another_page_is_called(app: App, component: FakeExplorer) -> None:
    teacher = new_owner()
    token = lesson_rooms.open_for_class(teacher, FORCES).token
    join(app, token)
    app.go("models")
    assert [each.query_string for each in app.test.get("page_link") if "room" in each.query_string] == [
        f"room={token}"
    ]
    lesson_rooms.set_stage(teacher, "shown")
    app.run()
    assert called(app) == ["Back to your class"], "no lesson was opened"
    lesson_rooms.open_for_class(teacher, COLLAPSE)
    app.run()
    assert called(app) == ["Your class goes on: go there"]
    app.go("learn")
    assert component.told[-1]["lesson"]["slug"] == "collapse"
    app.go("models")
    assert called(app) == ["Back to your class"]


def called(app: App) -> list[str]:
    """What the head of the page says to who is in a class."""
    return [each.proto.label for each in app.test.get("page_link") if "room" in each.query_string]


def test_who_leaves_keeps_the_lesson_and_goes_along_no_more(app: App, component: FakeExplorer) -> None:
    teacher = new_owner()
    token = lesson_rooms.open_for_class(teacher, FORCES).token
    join(app, token)
    app.click("learn_leave")
    assert app.url == {"lesson": "forces"}
    assert component.told[-1]["room"] is None
    lesson_rooms.open_for_class(teacher, COLLAPSE)
    app.go("models")
    assert not called(app)


def test_a_class_that_ended_lets_all_go_with_a_sentence(app: App, component: FakeExplorer) -> None:
    teacher = new_owner()
    token = lesson_rooms.open_for_class(teacher, FORCES).token
    join(app, token)
    lesson_rooms.end(teacher)
    app.run()
    assert "This class is over" in app.said
    assert component.told[-1]["room"] is None
    app.go("models")
    assert not [each for each in app.test.get("page_link") if "room" in each.query_string]
    app.open("learn", room="<b>")
    assert "This class is over" in app.said


def test_a_lesson_is_opened_with_settings_and_a_link_holds_them(app: App, component: FakeExplorer) -> None:
    app.open("class", class_part="lesson")
    app.test.selectbox(key="class_lesson").set_value("forces")
    app.run()
    app.test.number_input(key="class_lesson_forces_seed").set_value(7)
    app.test.selectbox(key="class_lesson_forces_beta").set_value(4)
    app.test.multiselect(key="class_lesson_forces_hide").set_value(["numbers"])
    app.test.multiselect(key="class_lesson_forces_lock").set_value(["beta"])
    app.run()
    assert "A step of the lesson needs beta" in app.said
    query = "lesson=forces&lesson_seed=7&lesson_beta=4&lesson_hide=numbers&lesson_lock=beta"
    assert app.test.get("code")[0].value.endswith(f"/learn?{query}")
    app.click("class_lesson_open")
    (link,) = links._links().by_token.values()
    app.open("learn", room=link.token)
    told = component.told[-1]["lesson"]
    assert (told["seed"], told["hide"], told["lock"]) == (7, ("numbers",), ("beta",))
    assert told["training"]["choices"]["beta"][0] == 4


def test_a_link_sets_a_lesson_and_says_what_it_could_not_use(app: App, component: FakeExplorer) -> None:
    app.open("learn", lesson="walking", lesson_seed="3", lesson_hide="wall", lesson_model="mnist-2")
    told = component.told[-1]
    assert (told["lesson"]["seed"], told["lesson"]["hide"], told["entry"].name) == (3, (), "mnist-2")
    assert "lesson_hide = wall" in app.said
    app.test.selectbox(key="learn_lesson").set_value("clouds")
    app.run()
    assert app.url == {"lesson": "clouds"}, "what was said of another lesson is gone"
    assert component.told[-1]["lesson"]["seed"] is None


def test_a_lesson_is_presented_without_what_is_for_one_reader(app: App, component: FakeExplorer) -> None:
    app.open("learn", lesson="forces", present="on")
    assert component.told[-1]["lesson"]["slug"] == "forces"
    assert not app.test.title
    assert not app.test.selectbox
    (back,) = app.test.get("page_link")
    assert (back.proto.label, back.query_string) == ("Stop presenting", "lesson=forces")


def test_who_leads_has_code_stages_and_counts_above_what_is_presented(
    app: App, component: FakeExplorer
) -> None:
    app.open("class", class_part="lesson").click("class_lesson_open")
    (link,) = links._links().by_token.values()
    app.open("learn", room=link.token, present="on")
    assert component.told[-1]["room"]["own"]
    assert "0 browsers are in the class" in said_in(app)
    app.test.segmented_control(key="class_lesson_stage").set_value("try")
    app.run()
    opened = lesson_rooms.open_at(link.token)
    assert opened is not None
    assert opened.stage == "try"


def test_notes_have_a_page_of_their_own(app: App) -> None:
    app.open("notes", lesson="forces")
    assert "The lesson asks" in app.text
    assert "## They will say" in app.text
    app.test.selectbox(key="notes_lesson").set_value("holes")
    app.run()
    assert app.url == {"lesson": "holes"}
    app.open("notes", lesson="<b>flying</b>")
    assert "There is no lesson" in app.said


def test_what_is_opened_is_what_the_field_says_by_now(app: App) -> None:
    app.open("class", class_part="lesson")
    app.test.selectbox(key="class_lesson").set_value("holes")
    app.click("class_lesson_open")  # before the page was drawn anew
    (link,) = links._links().by_token.values()
    opened = lesson_rooms.open_at(link.token)
    assert opened is not None
    assert opened.lesson == "holes"
