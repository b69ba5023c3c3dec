"""A lesson that a class does together: what is counted, what is told to whom, and what is refused."""

import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.unit.ui.served_routes import PATIENCE, Server, application, close_code, wait_until
from ui.identity.owner import new_owner
from ui.library import links
from ui.web.sockets import lesson_rooms, lesson_sockets
from ui.web.sockets.lesson_rooms import Answer, LessonRoom, OpenLesson, read_answer

CHOICE = OpenLesson("forces", options=3, least=0.0, greatest=1.0, steps=4)
NUMBER = OpenLesson("collapse", options=0, least=0.0, greatest=8.0, steps=4)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    lesson_rooms._ROOMS.clear()


def answer(turn=1, prediction=None, step=0):
    return json.dumps({"turn": turn, "prediction": prediction, "step": step})


# Counting


def test_each_browser_counts_once_and_with_what_it_said_first():
    room = LessonRoom()
    for member, said, steps in (("a", 1, 0), ("a", 2, 2), ("b", 1, 4), ("c", None, 0), ("a", 0, 1)):
        room.note(member, Answer(1, said, steps), CHOICE)
    counts = room.counts(CHOICE)
    assert (counts.joined, counts.predicted) == (3, 2)
    assert counts.said == ((0.0, 0), (1.0, 2), (2.0, 0))
    assert counts.passed == (2, 2, 1, 1)


def test_what_is_about_another_opening_is_not_counted():
    room = LessonRoom()
    room.note("a", Answer(1, 1, 1), CHOICE)
    again = OpenLesson(**{**vars(CHOICE), "turn": 2})
    room.note("b", Answer(1, 1, 1), again)
    assert room.counts(again) == lesson_rooms.Counts(0, 0, ((0.0, 0), (1.0, 0), (2.0, 0)), (0, 0, 0, 0))
    room.note("b", Answer(2, 0, 0), again)
    assert room.counts(again).predicted == 1


def test_numbers_are_put_together_into_a_bounded_number_of_bars():
    room = LessonRoom()
    for n, said in enumerate((0, 0.2, 3, 2.9, 8)):
        room.note(str(n), Answer(1, said, 0), NUMBER)
    assert room.counts(NUMBER).said == ((0.0, 2), (3.0, 2), (8.0, 1))
    wide = OpenLesson("x", options=0, least=0.0, greatest=1e6, steps=1)
    room = LessonRoom()
    for n in range(200):
        room.note(str(n), Answer(1, 5_003.0 * n, 0), wide)
    bars = room.counts(wide).said
    assert len(bars) <= lesson_rooms._MOST_BARS + 1
    assert sum(count for _, count in bars) == 200


def test_a_room_takes_no_more_memory_than_its_browsers_may():
    room = LessonRoom()
    for n in range(lesson_rooms.MOST_BROWSERS + 50):
        room.note(str(n), Answer(1, 0, 0), CHOICE)
    assert room.counts(CHOICE).predicted == lesson_rooms.MOST_BROWSERS


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        "{}",
        "[" * 400,
        "1" * 600,
        answer(turn="1"),
        answer(prediction=3),
        answer(prediction=-1),
        answer(prediction=0.5),
        answer(prediction=True),
        answer(prediction="0"),
        answer(prediction=0, step=5),
        answer(prediction=0, step=-1),
        answer(prediction=0, step=1.5),
        answer(prediction=None, step=1),
        '{"turn": 1, "step": 0, "prediction": NaN}',
        '{"turn": 1, "step": 0, "prediction": 1e999}',
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        read_answer(text, CHOICE)


def test_a_number_is_said_within_its_range():
    assert read_answer(answer(prediction=2.5), NUMBER) == Answer(1, 2.5, 0)
    for beyond in (8.01, 10**400, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="nobody can say that"):
            read_answer(answer(prediction=beyond), NUMBER)


def test_what_is_open_outlives_a_restart_and_turns_grow():
    owner = new_owner()
    link = lesson_rooms.open_for_class(owner, CHOICE)
    assert len(link.code) == links.CODE_LETTERS
    lesson_rooms.set_stage(owner, "shown")
    again = lesson_rooms.open_for_class(owner, NUMBER)
    assert (again.token, again.code) == (link.token, link.code), "who has joined goes along"
    links._LINKS = None  # as after a restart
    found = lesson_rooms.open_at(link.token)
    assert (found.lesson, found.stage, found.turn) == ("collapse", "predict", 2)
    lesson_rooms.set_stage(owner, "try")
    lesson_rooms.set_back(owner)
    found = lesson_rooms.open_at(link.token)
    assert (found.stage, found.turn) == ("predict", 3)
    lesson_rooms.end(owner)
    assert lesson_rooms.open_at(link.token) is None
    assert lesson_rooms.own_room(owner) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "7", '{"lesson": "x"}', CHOICE.to_text().replace("predict", "dance")]
)
def test_what_a_later_version_wrote_is_nothing(text):
    assert lesson_rooms.read_open(text) is None


# Over the wire


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(lesson_sockets, "LOOK_SECONDS", 0.1)
    owner = new_owner()
    token = lesson_rooms.open_for_class(owner, CHOICE).token
    with Server(application()) as server:
        yield server, owner, token


def hear(websocket, **wanted):
    while True:
        said = json.loads(websocket.recv(timeout=PATIENCE))
        if all(said[name] == value for name, value in wanted.items()):
            return said


def test_whoever_leads_is_told_at_once_and_is_not_counted(served, monkeypatch):
    monkeypatch.setattr(lesson_sockets, "LOOK_SECONDS", 3600.0)
    server, owner, token = served
    with (
        server.connect(f"/latent/lesson/{token}", owner=owner) as teacher,
        server.connect(f"/latent/lesson/{token}", owner=new_owner()) as student,
    ):
        hear(teacher, joined=1)
        student.send(answer(prediction=1))
        hear(teacher, joined=1, predicted=1)
    room = lesson_rooms.room_of(token)
    wait_until(lambda: not room.here and not room.listeners)


def test_predictions_are_counted_at_once_and_shown_when_the_teacher_says_so(served):
    server, owner, token = served
    with contextlib.ExitStack() as stack:
        class_ = [
            stack.enter_context(server.connect(f"/latent/lesson/{token}", owner=new_owner()))
            for _ in range(3)
        ]
        for n, one in enumerate(class_):
            one.send(answer(prediction=min(n, 1)))
        assert hear(class_[0], joined=3, predicted=3)["said"] is None
        lesson_rooms.set_stage(owner, "shown")
        assert hear(class_[2], stage="shown")["said"] == [[0, 1], [1, 2], [2, 0]]
        class_[1].send(answer(prediction=1, step=2))
        room = lesson_rooms.room_of(token)
        wait_until(lambda: room.counts(CHOICE).passed == (1, 1, 0, 0))
        lesson_rooms.open_for_class(owner, NUMBER)
        news = hear(class_[0], lesson="collapse")
        assert (news["turn"], news["predicted"], news["stage"]) == (2, 0, "predict")
        lesson_rooms.end(owner)
        assert [close_code(one) for one in class_] == [4410] * 3
    wait_until(lambda: not room.here and not room.listeners)


def test_two_windows_of_a_browser_are_one_and_a_teachers_is_none(served):
    server, owner, token = served
    student, path = new_owner(), f"/latent/lesson/{token}"
    with (
        server.connect(path, owner=student) as one,
        server.connect(path, owner=student) as two,
        server.connect(path, owner=owner) as teacher,
    ):
        one.send(answer(prediction=1))
        two.send(answer(prediction=2))
        teacher.send(answer(prediction=0))
        assert hear(teacher, joined=1, predicted=1)
    room = lesson_rooms.room_of(token)
    wait_until(lambda: not room.here)
    assert room.counts(CHOICE).said == ((0.0, 0), (1.0, 1), (2.0, 0)), "who left has said it all the same"


def test_nobody_takes_part_without_a_cookie_from_elsewhere_or_where_nothing_is(served):
    server, _, token = served
    path = f"/latent/lesson/{token}"
    someone, nowhere = {"owner": new_owner()}, f"/latent/lesson/{'x' * 32}"
    for where, who, code in (
        (path, {}, 4403),
        (path, {**someone, "origin": "http://elsewhere.example"}, 4403),
        (nowhere, someone, 4404),
    ):
        with server.connect(where, **who) as refused:
            assert close_code(refused) == code


def test_who_sends_nonsense_or_floods_is_shown_out(served):
    server, _, token = served
    path = f"/latent/lesson/{token}"
    with server.connect(path, owner=new_owner()) as one:
        one.send("{")
        assert close_code(one) == 1003
    with server.connect(path, owner=new_owner()) as one:
        with contextlib.suppress(ConnectionClosed):  # however fast the server hears it, and its end comes
            while True:
                one.send(answer(prediction=0))
        assert close_code(one) == 1003
