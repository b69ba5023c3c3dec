"""Uploads: counted as they pass, beside what is held, by session and in all."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from ui.web.guards import uploads
from ui.web.guards.uploads import BoundedUploads

MEGABYTE = 1_000_000


class Server:
    """Takes in uploads below a bound of 2 MB for each session and 5 MB in all, unless told otherwise."""

    def __init__(self):
        self.held = {}
        self.told = []
        self.taken = 0
        routes = [Route("/_stcore/upload_file/{session}/{file}", self.take, methods=["PUT", "GET"])]
        self.app = Starlette(routes=routes, middleware=[Middleware(self.bounded)])

    def bounded(self, app):
        self.guard = BoundedUploads(
            app, held=lambda: self.held, tell=lambda session, said: self.told.append((session, said))
        )
        return self.guard

    async def take(self, request):
        async for piece in request.stream():
            self.taken += len(piece)
        return PlainTextResponse("taken")

    async def put(self, session, pieces, *, announced=None):
        """Send a file piece by piece; returns status and text."""
        waiting, answers = list(pieces), []

        async def receive():
            piece = waiting.pop(0)
            if callable(piece):
                piece = await piece()
            return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

        async def send(message):
            answers.append(message)

        headers = [(b"content-length", str(announced).encode())] if announced else []
        path = f"/_stcore/upload_file/{session}/file"
        scope = {"type": "http", "method": "PUT", "path": path, "headers": headers, "query_string": b""}
        await self.app(scope, receive, send)
        return answers[0]["status"], b"".join(each.get("body", b"") for each in answers).decode()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("LATENT_MAX_UPLOADS_MB_EACH", "2")
    monkeypatch.setenv("LATENT_MAX_UPLOADS_MB", "5")
    return Server()


def test_what_fits_comes_in_and_is_forgotten_afterwards(server):
    for _ in range(9):
        assert asyncio.run(server.put("a", [bytes(MEGABYTE)] * 2)) == (200, "taken")
    assert not server.guard.coming
    assert not server.told


def test_the_announced_size_is_refused_before_a_byte_is_read(server):
    status, said = asyncio.run(server.put("a", [], announced=2 * MEGABYTE + 1))
    assert (status, server.taken) == (413, 0)
    assert "A page may upload 2 MB at a time" in said
    assert server.told == [("a", said)], "its page says why"


def test_bytes_are_counted_as_they_pass_whatever_was_announced(server):
    status, _ = asyncio.run(server.put("a", [bytes(MEGABYTE)] * 50, announced=5))
    assert status == 413
    assert server.taken <= 2 * MEGABYTE
    assert not server.guard.coming


def test_what_is_held_counts(server):
    server.held = {"a": 2 * MEGABYTE}
    assert asyncio.run(server.put("a", [b"x"]))[0] == 413
    assert asyncio.run(server.put("b", [b"x"]))[0] == 200


def test_all_together_have_a_bound_also_while_files_are_coming(server):
    async def storm():
        await server.put("first", [b"x"])  # the app is built for it
        everyone_is_in = asyncio.Event()

        async def hold():
            await everyone_is_in.wait()
            return b"x"

        slow = [asyncio.create_task(server.put(str(n), [bytes(MEGABYTE), hold])) for n in range(5)]
        while server.guard.coming.total() < 5 * MEGABYTE:
            await asyncio.sleep(0)
        late = await server.put("late", [b"x"])
        everyone_is_in.set()
        return late, [status for status, _ in await asyncio.gather(*slow)]

    (status, said), others = asyncio.run(storm())
    assert status == 413
    assert "Many are uploading" in said
    assert others.count(200) < 5  # one more byte was too much for some of them
    assert asyncio.run(server.put("late", [b"x"]))[0] == 200


def test_an_upload_that_stalls_is_given_up(server, monkeypatch):
    monkeypatch.setattr(uploads, "STALL_SECONDS", 0.01)
    status, said = asyncio.run(server.put("a", [bytes(1000), asyncio.Event().wait]))
    assert status == 408
    assert "Try again" in said
    assert not server.guard.coming


def test_a_class_that_uploads_models_fits(monkeypatch):
    server = Server()
    server.held = {str(n): 3 * MEGABYTE for n in range(30)}
    assert asyncio.run(server.put("one more", [bytes(MEGABYTE)] * 100))[0] == 200


def test_streamlits_files_are_counted_by_session_and_let_go(monkeypatch):
    manager = MemoryUploadedFileManager("/")
    for name in ("one", "two"):
        manager.add_file("a", UploadedFileRec(name, "x", "y", bytes(1000)))
    runtime = SimpleNamespace(
        exists=lambda: True, instance=lambda: SimpleNamespace(uploaded_file_mgr=manager)
    )
    monkeypatch.setattr(uploads, "Runtime", runtime)
    assert uploads.held_uploads() == {"a": 2000}
    context = SimpleNamespace(uploaded_file_mgr=manager, session_id="a")
    monkeypatch.setattr(uploads, "get_script_run_ctx", lambda: context)
    uploads.forget_upload("one")
    assert uploads.held_uploads() == {"a": 1000}
