from __future__ import annotations

from tests.pages.stand_ins import App, FakeExplorer


def test_the_pad_is_there_for_the_model_of_the_link(app: App, component: FakeExplorer) -> None:
    app.open("draw", draw_model="mnist-16")
    assert app.test.selectbox(key="draw_model").value == "mnist-16"
    told = component.told[-1]
    assert (told["mode"], told["entry"].name) == ("draw", "mnist-16")


def test_a_model_that_is_not_here_is_said(app: App, component: FakeExplorer) -> None:
    app.open("draw", draw_model="nobody")
    assert "draw_model = nobody" in app.said
    assert component.told[-1]["mode"] == "draw"


def test_explore_leads_to_the_pad_of_its_model(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_model="mnist-16")
    links = [(link.page, link.query_string) for link in app.test.get("page_link")]
    assert ("draw", "draw_model=mnist-16") in links
