"""A student without a browser: speaks Streamlit's WebSocket and ours, as the page does.

It asks for the page, runs its script, presses buttons, changes fields, lets fragments run again when they say
so, and watches its run, acknowledging every message.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.Selectbox_pb2 import Selectbox
from streamlit.proto.TextInput_pb2 import TextInput
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.tools.stream import COOKIE, Stream
from vae_core.storage.home import owner_hash

LONG = "train_images=mnist&train_epochs=500"
SMALL = "train_images=digits&train_epochs=500&train_architecture=mlp"
"""What the page's URL says: runs that outlast what is measured, one of them cheap."""

PATIENCE = 60.0

DOUBT = 10.0
"""Seconds after which one presses again. Streamlit may drop all that a run of the script says when a fragment
asks to run again in the moment in which that run ends: from then on it hears another runner only."""

REST = 0.4
"""Seconds after which the page has itself drawn anew when its run stands otherwise (`assets/explorer/data/reporter.js`)."""

RUN = re.compile(rb"/latent/stream/([0-9a-f]{32})")


class Visitor:
    """One browser window, as far as the server can tell.

    Args:
        url: the server's address.
        page: the page to open.
        query: what the page's URL says.

    Attributes:
        listens: hears every message of Streamlit's as it comes.
    """

    def __init__(self, url: str, page: str = "train", query: str = "", cookie: str = "") -> None:
        self.url = url
        self.page = page
        self.query = query
        self.cookie = cookie
        self.widgets: dict[str, str] = {}
        self.errors: list[str] = []
        self.answers: list[float] = []
        self.asked_again = 0
        self.run = ""
        self.stream: Stream | None = None
        self.listens: Callable[[bytes], object] = lambda data: None
        self._values: dict[str, WidgetState] = {}
        self._hash = ""
        self._done = asyncio.Event()
        self._has_begun = False
        self._fragments_answered = 0
        self._fragments: dict[str, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: ClientConnection | None = None
        self._watching: asyncio.Task[None] | None = None
        self._anew: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()

    @property
    def folder(self) -> str:
        """Where the data folder has what is this browser's: the cookie is its owner's name, signed."""
        return f"owners/{owner_hash(self.cookie.partition('.')[0])}"

    async def arrive(self) -> None:
        """Ask for the page and run its script."""
        if not self.cookie:
            async with httpx.AsyncClient() as client:
                answer = await client.get(
                    f"{self.url}/{self.page}", headers={"Accept": "text/html"}, timeout=PATIENCE
                )
            self.cookie = answer.cookies[COOKIE]
        self._socket = await connect(
            f"{self.url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=PATIENCE,
        )
        self._tasks.append(asyncio.create_task(self._listen()))
        await self._rerun()

    async def leave(self) -> None:
        """Close the window."""
        more = [each for each in (self._watching, self._anew) if each is not None]
        tasks = [*self._tasks, *self._fragments.values(), *more]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def press(self, key: str) -> None:
        """Press a button and wait for the answer."""
        await self._rerun(WidgetState(id=self.widgets[key], trigger_value=True))

    async def choose(self, key: str, option: str) -> None:
        """Choose one of a field's options, by the words that are shown, and wait for the answer."""
        self._values[key] = WidgetState(id=self.widgets[key], string_value=option)
        await self._rerun()

    async def tell(self, key: str, said: Mapping[str, Any]) -> None:
        """Say what a component in the browser says, wait for the answer, and note how long it took."""
        self._values[key] = WidgetState(id=self.widgets[key], json_value=json.dumps(said))
        before = time.monotonic()
        await self._rerun()
        self.answers.append(time.monotonic() - before)

    async def fill(self, key: str, value: float) -> None:
        """Change a field that is a number, wait for the answer, and note how long it took."""
        self._values[key] = WidgetState(id=self.widgets[key], double_value=value)
        before = time.monotonic()
        await self._rerun()
        self.answers.append(time.monotonic() - before)

    async def watch(self) -> Stream:
        """Watch the run that the page shows, and from now on each that it comes to show."""
        assert self.run, "the page shows no run"
        return self._watch()

    def _watch(self) -> Stream:
        if self._watching is not None:
            self._watching.cancel()
        url = f"{self.url.replace('http', 'ws', 1)}/latent/stream/{self.run}"
        self.stream = Stream(url, self.cookie, tells=self._draw_anew)
        self._watching = asyncio.create_task(self.stream.watch())
        return self.stream

    def _draw_anew(self) -> None:
        """Have the page drawn anew a moment after the first of some changes, as the component does."""

        async def soon() -> None:
            await asyncio.sleep(REST)
            await self._rerun()

        if self._anew is None or self._anew.done():
            self._anew = asyncio.create_task(soon())

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for something to come true.

        Raises:
            TimeoutError: it did not.
        """
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    async def _rerun(self, trigger: WidgetState | None = None, fragment: str = "") -> None:
        if fragment:
            await self._ask(None, fragment)
            return
        async with self._asking:
            await self._ask(trigger, "")

    async def _ask(self, trigger: WidgetState | None, fragment: str) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.page, self._hash
        state.widget_states.widgets.extend([*self._values.values(), *([trigger] if trigger else [])])
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        else:
            self._has_begun = False
            self._done.clear()
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())
        if fragment:
            return
        until = time.monotonic() + PATIENCE
        while not self._done.is_set():
            self._fragments_answered = 0
            try:
                async with asyncio.timeout(min(DOUBT, until - time.monotonic())):
                    await self._done.wait()
            except TimeoutError:
                if time.monotonic() >= until:
                    raise
                if self._fragments_answered > 1:  # it is not just slow
                    self.asked_again += 1
                    await self._socket.send(message.SerializeToString())

    async def _listen(self) -> None:
        assert self._socket is not None
        try:
            async for data in self._socket:
                assert isinstance(data, bytes), "Streamlit sends no text messages"
                message = ForwardMsg()
                message.ParseFromString(data)
                self._take(message, data)
        except ConnectionClosed as closed:
            self.errors.append(f"connection lost: {closed}")

    def _take(self, message: ForwardMsg, data: bytes) -> None:
        self.listens(data)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                if fragment in self._fragments:
                    self._fragments.pop(fragment).cancel()
        elif kind == "new_session":
            self._has_begun = self._has_begun or not message.metadata.run.fragment_ids
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.errors.append("the script did not compile")
            is_full = message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            )
            is_fragment = message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
            self._fragments_answered += is_fragment
            # A whole run's own goodbye gets lost where a fragment follows at once; then the fragment's will do.
            if is_full or (is_fragment and self._has_begun):
                self._done.set()
        elif kind == "delta":
            run = RUN.search(data)
            if run and run[1].decode() != self.run:
                self.run = run[1].decode()
                if self.stream is not None:
                    self._watch()
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                self.errors.append(element.exception.message[:200])
            self._note_widget(getattr(element, element.WhichOneof("type") or "empty"))

    def _note_widget(self, drawn: Any) -> None:
        """Keep a widget's id, and what it holds: a page tells the server of each value, also of defaults."""
        name = str(getattr(drawn, "id", ""))
        if not name.startswith("$$ID-"):
            return
        key = name.split("-", 2)[2]
        self.widgets[key] = name
        value: dict[str, Any] | None = None
        if isinstance(drawn, NumberInput):
            value = {"double_value": drawn.value if drawn.set_value else drawn.default}
        elif isinstance(drawn, TextInput):
            value = {"string_value": drawn.value if drawn.set_value else drawn.default}
        elif isinstance(drawn, Selectbox) and drawn.options:
            value = {"string_value": drawn.raw_value if drawn.set_value else drawn.options[drawn.default]}
        if value is not None and (key not in self._values or drawn.set_value):
            self._values[key] = WidgetState(id=name, **value)

    def _repeat(self, fragment: str, seconds: float) -> None:
        """Run a fragment again and again, as the page does."""

        async def again() -> None:
            while True:
                await asyncio.sleep(seconds)
                await self._rerun(fragment=fragment)

        if fragment in self._fragments:
            self._fragments.pop(fragment).cancel()
        self._fragments[fragment] = asyncio.create_task(again())
