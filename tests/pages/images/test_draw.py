"""Draw: the pad of a model, and what is kept of drawings, alone and in a class."""

from __future__ import annotations

import errno

import pytest

from tests.pages.stand_ins import App, FakeExplorer
from ui.identity.owner import new_owner
from ui.library import drawings, links
from ui.library.disk import drawing_room
from ui.library.disk.drawing_files import PIXELS
from ui.library.drawings import Collection
from ui.library.image_library import ImageLibrary


@pytest.fixture(autouse=True)
def _nobody_sent_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_room, "_PACE", drawing_room.Pace())


def pixels(number: int) -> bytes:
    return number.to_bytes(4, "big") + bytes([255]) * (PIXELS - 4)


def me(app: App) -> str:
    return str(app.test.session_state["_latent_owner"])


def buttons(app: App, stem: str) -> set[str]:
    return {str(button.key) for button in app.test.button if str(button.key).startswith(stem)}


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


def test_what_is_kept_is_counted_deleted_and_made_a_set(app: App, component: FakeExplorer) -> None:
    app.open("draw")
    assert component.told[-1]["collection"] == ""
    assert "Nothing is kept yet" in app.said
    assert "draw_make_set" not in buttons(app, "draw_")
    own = Collection(me(app))
    kept = [own.keep(pixels(number), "<b>4</b>" if number else "9") for number in range(10)]
    app.run()
    assert "10 drawings: 9 **1** · <b>4</b> **9**" in app.said
    assert "\\<b\\>4" in app.captions, "a label is text"
    app.click(f"draw_delete_{kept[3].id}")
    assert own.counts() == (9, 9)
    app.click("draw_make_set")
    assert "10 drawings or more\\; here are 9" in app.text
    own.keep(pixels(99), "4")
    app.test.text_input(key="draw_set_title").input("My *hand*")
    app.click("draw_make_set")
    (made,) = ImageLibrary(me(app)).infos()
    assert (made.title, made.size) == ("My *hand*", 10)
    assert "among your images: 10 drawings" in app.text
    pages = [(link.page, link.query_string) for link in app.test.get("page_link")]
    assert ("train", f"train_images={made.name}") in pages
    app.go("images")
    assert "My \\*hand\\*" in app.text
    app.go("draw")
    assert "among your images" not in app.text
    app.click("draw_empty_yes")
    assert own.counts() == (0, 0)


def test_many_are_turned_over_and_shown_by_label(app: App) -> None:
    app.open("draw")
    own = Collection(me(app))
    for number in range(30):
        own.keep(pixels(number), "4" if number < 25 else "")
    app.run()
    assert len(buttons(app, "draw_delete_")) == 24
    app.click("draw_older")
    assert len(buttons(app, "draw_delete_")) == 6
    assert "25 to 30 of 30" in app.said
    app.test.selectbox(key="draw_shown").select("no label")
    app.run()
    assert len(buttons(app, "draw_delete_")) == 5


def test_a_class_joins_by_the_code_until_it_is_closed(app: App, component: FakeExplorer) -> None:
    teacher = Collection(new_owner())
    link = links.share(teacher.owner, "drawings")
    theirs = teacher.keep(pixels(1), "1")
    app.open("class")
    app.test.text_input(key="class_code").input(link.code)
    app.click("class_code_go")
    assert component.told[-1]["collection"] == link.token
    guest = Collection(me(app), link.token)
    mine = guest.keep(pixels(2), "2")
    app.open("draw", collection=link.token)
    assert "send it to the class" in app.text
    assert "**2 drawings** have come, **1** of them yours" in app.text
    assert buttons(app, "draw_") == {f"draw_delete_{mine.id}"}, "neither others' nor what is the maker's"
    assert theirs.id not in app.text
    links.stop_sharing(teacher.owner, "drawings")
    app.click(f"draw_delete_{mine.id}")  # a stale page
    assert "is closed" in app.text
    assert teacher.counts() == (2, 1)
    assert "leads to no collection" in app.said
    assert component.told[-1]["collection"] == ""


def test_who_opens_a_collection_sees_removes_and_closes(app: App) -> None:
    app.open("draw")
    own = Collection(me(app))
    app.click("draw_open")
    link = links.shared(own.owner, "drawings")
    assert link is not None
    assert f"/draw?collection={link.token}" in app.said + app.text.replace("\\", "").replace("\u2060", "")
    for number in range(3):
        came = Collection(new_owner(), link.token).keep(pixels(number), "7")
    app.run()
    assert "**3 drawings**, 3 of them from others" in app.text
    app.click(f"draw_delete_{came.id}")
    assert own.counts() == (2, 0)
    app.click("draw_close")
    assert links.find(link.token, "drawings") is None
    assert own.counts() == (2, 0)
    app.click("draw_open")
    anew = links.shared(own.owner, "drawings")
    assert anew is not None
    assert anew.token != link.token


def test_a_teacher_opens_it_on_the_class_page(app: App) -> None:
    app.open("class", class_part="drawings")
    own = Collection(me(app))
    app.click("draw_open")
    link = links.shared(own.owner, "drawings")
    assert link is not None
    assert f"/draw?collection={link.token}" in app.said + app.text.replace("\\", "").replace("\u2060", "")
    Collection(new_owner(), link.token).keep(pixels(1), "7")
    app.run()
    assert "**1 drawing**, 1 of them from others" in app.text
    assert "draw" in [each.page for each in app.test.get("page_link")]
    app.click("draw_close")
    assert links.find(link.token, "drawings") is None


def test_a_link_that_cannot_be_written_is_said_until_the_next_deed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(links, "share", full)
        app.open("class", class_part="drawings")
        app.click("draw_open")
        app.run()
        assert "could not be written" in app.said + app.text
    app.click("draw_open")
    assert "could not be written" not in app.said + app.text
    assert "The collection is open" in app.text


def test_a_full_disk_is_said_and_no_set_is_told_of(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.open("draw")
    own = Collection(me(app))
    for number in range(10):
        own.keep(pixels(number))
    app.run()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drawings, "write_arrays", full)
    app.click("draw_make_set")
    assert "disk is full" in app.text
    assert "among your images" not in app.text
    assert ImageLibrary(me(app)).sets() == ()
