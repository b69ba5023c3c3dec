"""A model whose code is categories, from a link to its run."""

from __future__ import annotations

from tests.pages.stand_ins import App, FakeEngine


def test_categories_and_their_temperature_go_from_the_link_to_the_run(app: App, engine: FakeEngine) -> None:
    app.open("train", train_family="concrete", train_n_categories="8", train_temperature="0.4")
    drawn = [str(each.value) for each in app.test.get("html")]
    assert any("2 × 8 categories" in each for each in drawn)
    app.test.button(key="train_start").click()
    app.run()
    (_, _, model, train) = engine.asked[-1]
    assert (model.family, model.n_categories, train.temperature) == ("concrete", 8, 0.4)
