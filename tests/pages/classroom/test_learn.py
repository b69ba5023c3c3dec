from __future__ import annotations

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from ui.learn.files.lessons import lessons


def order(number: float, do: str, **values: object) -> dict[str, object]:
    return {"order": {"number": number, "do": do, "values": values}}


def test_without_a_lesson_all_are_listed(app: App, component: FakeExplorer) -> None:
    app.open("learn")
    told = component.told[-1]
    assert (told["mode"], told["lesson"], told["entry"]) == ("learn", None, None)
    assert [each["slug"] for each in told["lessons"]] == [each.slug for each in lessons()]
    assert app.test.selectbox(key="learn_lesson").value == ""


def test_a_cold_link_opens_its_lesson(app: App, component: FakeExplorer) -> None:
    app.open("learn", lesson="walking")
    told = component.told[-1]
    assert told["lesson"]["slug"] == "walking"
    assert told["entry"].name == "mnist-16"
    assert app.test.selectbox(key="learn_lesson").value == "walking"


def test_a_link_to_no_lesson_says_so_and_lists_those_that_there_are(
    app: App, component: FakeExplorer
) -> None:
    app.open("learn", lesson="<b>flying</b>")
    assert component.told[-1]["lesson"] is None
    assert "There is no lesson <b>flying</b>" in app.said
    assert "lesson" not in app.url
    app.run()
    assert "There is no lesson" in app.said, "said until the page changes"


def test_the_field_and_the_list_open_a_lesson_and_the_link_follows(app: App, component: FakeExplorer) -> None:
    app.open("learn")
    app.test.selectbox(key="learn_lesson").set_value("clouds")
    app.run()
    assert app.url["lesson"] == "clouds"
    assert component.told[-1]["lesson"]["slug"] == "clouds"
    component.says = order(1, "open", slug="walking")
    app.run()
    assert app.url["lesson"] == "walking"
    app.test.selectbox(key="learn_lesson").set_value("clouds")
    app.run()
    assert app.url["lesson"] == "clouds", "an order is obeyed once"
    component.says = order(2, "open", slug="nowhere")
    app.run()
    assert "lesson" not in app.url


def test_a_lesson_trains_what_it_offers(app: App, component: FakeExplorer, engine: FakeEngine) -> None:
    app.open("learn", lesson="forces")
    assert component.told[-1]["run"] is None
    component.says = order(1, "start", beta=4)
    app.run()
    (asked,) = engine.asked
    assert (asked[0], asked[1]) == ("start_run", "digits")
    assert (asked[2].latent_dim, asked[2].image_shape, asked[3].beta) == (2, (1, 8, 8), 4)
    assert component.told[-1]["run"].id == "run-1"
    app.run()
    assert len(engine.asked) == 1, "an order is obeyed once"
    component.says = order(2, "set", beta=0.5)
    app.run()
    assert engine.asked[-1] == ("set", {"beta": 0.5})


def test_what_a_lesson_does_not_offer_is_refused_in_a_sentence(
    app: App, component: FakeExplorer, engine: FakeEngine
) -> None:
    app.open("learn", lesson="forces")
    for number, values in enumerate(({"beta": 3}, {"epochs": 500}, {"beta": [1]}, {"beta": None}), 1):
        component.says = order(number, "start", **values)
        app.run()
        assert "does not offer" in component.told[-1]["trouble"]
    component.says = order(9, "set", beta=4)
    app.run()
    assert "not here any more" in component.told[-1]["trouble"]
    assert not engine.asked


def test_what_the_engine_refuses_is_said(app: App, component: FakeExplorer, engine: FakeEngine) -> None:
    engine.refuses = ValueError("Too many runs a minute.")
    app.open("learn", lesson="forces")
    component.says = order(1, "start", beta=1)
    app.run()
    assert component.told[-1]["trouble"] == "Too many runs a minute."


def test_a_run_that_is_deleted_meanwhile_leaves_the_lesson_whole(
    app: App, component: FakeExplorer, engine: FakeEngine
) -> None:
    app.open("learn", lesson="forces")
    component.says = order(1, "start", beta=1)
    app.run()
    engine.current = None
    app.run()
    assert component.told[-1]["run"] is None
