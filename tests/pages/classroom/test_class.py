"""The Class page: join, follow me, the wall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from tests.unit.ui.classroom.test_wall import run_of
from ui.classroom import code_entry, parts, tasks, wall, wrong_codes
from ui.identity import leaders
from ui.identity.owner import new_owner
from ui.library import links


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "addresses", lambda: ("http://192.0.2.7:8501", "http://vae.example"))


@pytest.fixture(autouse=True)
def nobody_was_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_entry, "WRONG", wrong_codes.WrongCodes())


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who runs the server."""
    monkeypatch.setattr(leaders, "is_operator", lambda: False)


def test_the_address_is_large_and_a_code(app: App) -> None:
    app.open("class")
    assert app.said.count("192.0.2.7") == 0  # it is no caption
    assert any("192" in markdown.value and "8501" in markdown.value for markdown in app.test.markdown)
    app.test.selectbox(key="class_address").set_value("http://vae.example")
    app.run()
    assert any("vae" in markdown.value for markdown in app.test.markdown)


def test_an_address_that_is_none_is_drawn_nowhere(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "addresses", lambda: ("<img src=x>",))
    app.open("class")
    assert "This is no address" in app.said
    assert not any("img" in markdown.value for markdown in app.test.markdown)


def test_leading_makes_a_link_and_stopping_takes_it_back(app: App) -> None:
    app.open("class", class_part="follow")
    app.click("class_lead")
    assert "0 browsers follow you" in app.said
    (link,) = links._links().by_token.values()
    assert link.kind == "follow"
    app.test.checkbox(key="class_announce").check()
    app.run()
    assert [shown.token for shown in links.announced()] == [link.token]
    links._LINKS = None  # as after a restart
    app.run()
    assert app.test.checkbox(key="class_announce").value
    app.test.checkbox(key="class_announce").uncheck()
    app.run()
    assert links.announced() == ()
    app.test.checkbox(key="class_announce").check()
    app.run()
    app.click("class_lead_stop")
    assert links.announced() == ()
    assert links.find(link.token, "follow") is None


def test_everyone_finds_whoever_leads_the_class(app: App, guest: None) -> None:
    leader = new_owner()
    token = links.share(leader, "follow").token
    app.open("train")
    assert not app.test.get("page_link")
    links.announce(leader, True)
    app.run()
    assert [link.query_string for link in app.test.get("page_link")] == [f"follow={token}"]


def test_only_whoever_runs_the_server_announces_and_clears(app: App, engine: FakeEngine, guest: None) -> None:
    app.open("class", class_part="follow")
    app.click("class_lead")
    assert not app.test.checkbox


def test_a_follower_gets_the_leaders_component_and_no_controls(app: App, component: FakeExplorer) -> None:
    token = links.share(new_owner(), "follow").token
    app.open("class", follow=token)
    assert component.told[-1] == {"key": "follow", "mode": "follow", "follow": token}
    assert not app.test.radio


def test_a_link_that_leads_nowhere_says_so(app: App, component: FakeExplorer) -> None:
    app.open("class", follow="x" * 32)
    assert "leads nowhere" in app.said
    assert not component.told


def test_posting_and_withdrawing(app: App, engine: FakeEngine) -> None:
    app.open("train").click("train_start")
    assert engine.current is not None
    app.go("class")
    app.test.radio(key="class_part").set_value("wall")
    app.run()
    assert "Train a model" in app.text  # it has not taken a step
    engine.current = replace(engine.current, step=5, epoch=0.5)
    app.run()
    app.test.text_input(key="class_nickname").input("*Ada* <b>")
    app.click("class_post")
    (post,) = wall.posts()
    assert post.nickname == "*Ada* <b>"
    assert any(r"\*Ada\* \<b\>" in markdown.value for markdown in app.test.markdown)
    assert "one scale: −3.5 to 3.5" in app.said
    app.click(f"class_open_{post.id}")
    assert "epoch 0.5 of 20" in app.said
    app.go("models").go("class")
    assert app.test.text_input(key="class_nickname").value == "*Ada* <b>"
    app.click(f"class_withdraw_{post.id}")
    assert wall.posts() == ()
    assert "Nothing is on the wall yet" in app.said


def test_a_maps_description_is_plain_text(app: App, engine: FakeEngine) -> None:
    owner = new_owner()
    wall.put_up(owner, replace(run_of(owner), image_set="mnist_full"), "Ada")
    app.open("class", class_part="wall")
    (image,) = app.test.get("image")
    assert [each.alt for each in image.proto.imgs] == ["Final map of a run on mnist_full"]


def test_anothers_post_has_no_button_but_for_whoever_runs_the_server(
    app: App, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = new_owner()
    post = wall.put_up(owner, run_of(owner), "Ada")
    app.open("class", class_part="wall")
    keys = [button.key for button in app.test.button if str(button.key).endswith((post.id, "clear"))]
    assert keys == [f"class_open_{post.id}", f"class_down_{post.id}", "class_clear"]
    monkeypatch.setattr(leaders, "is_operator", lambda: False)
    app.run()
    keys = [button.key for button in app.test.button if str(button.key).endswith((post.id, "clear"))]
    assert keys == [f"class_open_{post.id}"]
    monkeypatch.setattr(leaders, "is_operator", lambda: True)
    app.run().click("class_clear")
    assert wall.posts() == ()


def code(app: App, letters: str) -> None:
    app.test.text_input(key="class_code").input(letters)
    app.click("class_code_go")


def test_a_code_leads_to_whoever_shows_it_until_they_stop(app: App, component: FakeExplorer) -> None:
    leader = new_owner()
    link = links.share(leader, "follow")
    assert len(link.code) == 6
    assert set(link.code) <= set(links.LETTERS)
    app.open("class")
    code(app, f" {link.code[:3].lower()} {link.code[3:]}")
    assert component.told[-1] == {"key": "follow", "mode": "follow", "follow": link.token}
    links.stop_sharing(leader, "follow")
    app.go("class")
    code(app, link.code)
    assert "leads nowhere" in app.said


def test_wrong_codes_are_counted_and_right_ones_wait_then(app: App, component: FakeExplorer) -> None:
    link = links.share(new_owner(), "follow")
    app.open("class")
    for _ in range(wrong_codes.OF_A_BROWSER):
        code(app, "AAAAAA")
    assert "leads nowhere" in app.said
    code(app, link.code)
    assert "Too many wrong codes" in app.said
    assert not component.told


def test_a_task_is_made_and_its_code_opens_the_page_with_its_settings(app: App) -> None:
    app.open("class", class_part="task")
    app.test.number_input(key="class_task_train_beta").set_value(4.0)
    app.test.text_input(key="class_task_sentence").input("find out what happens to the dots")
    app.test.number_input(key="class_task_minutes").set_value(5)
    app.run()
    words = "Train, beta 4. Find out what happens to the dots. 5 minutes."
    assert f"They will read: {words}" in app.said
    app.click("class_task_make")
    (link,) = links._links().by_token.values()
    assert link.kind == "task"
    app.go("class")
    code(app, link.code)
    assert app.test.number_input(key="train_beta").value == 4.0
    assert words in app.text.replace("\\", "")
    assert "5 min left" in app.said
    app.go("explore")
    assert words in app.text.replace("\\", "")  # wherever one goes
    app.click("class_task_done")
    assert words not in app.text.replace("\\", "")


def test_a_task_that_was_taken_back_is_not_said_any_more(app: App) -> None:
    owner = new_owner()
    text = tasks.Task("explore", {"explore_model": "mnist-16"}, "**Walk** to an 8").to_text()
    link = links.share(owner, "task", text)
    app.open("class", task=link.token)
    assert app.test.selectbox(key="explore_model").value == "mnist-16"
    assert "\\*\\*Walk\\*\\* to an 8" in app.text
    links.stop_sharing(owner, "task", text)
    app.run()
    assert "Walk" not in app.text


def test_whoever_is_let_leads_the_class_until_it_is_taken_back(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.open("class", class_part="follow")
    app.click("class_let_make")
    letters = app.test.session_state["class_pass"]
    monkeypatch.setattr(leaders, "is_operator", lambda: False)
    app.run()
    assert "class_let_make" not in {button.key for button in app.test.button}
    app.click("class_lead")
    assert not app.test.checkbox
    code(app, letters)
    assert "You may lead the class now" in app.said
    app.test.checkbox(key="class_announce").check()
    app.run()
    assert len(links.announced()) == 1
    leaders.let_nobody()
    code(app, letters)
    assert not app.test.checkbox  # a pass lets in one browser, once
