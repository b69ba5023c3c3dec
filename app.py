"""The app as the web server runs it: Streamlit's pages, and beside them our routes.

Start it with `streamlit run app.py`. The pages' frame is `ui/shell.py`; it must not stand here, because a
folder `pages/` beside the main script would give every deep link a page without its frame.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from ui.identity.owner import OwnerCookie
from ui.learn.files.lessons import lessons
from ui.learn.files.notes import notes
from ui.page.navigation import PLACES
from ui.page.state import MISSING
from ui.page.urls import base_path
from ui.web.guards.connections import BoundedConnections, WatchedConnections
from ui.web.guards.hosts import KnownHost
from ui.web.guards.one_server import OneServer
from ui.web.guards.uploads import BoundedUploads
from ui.web.lifespan import lifespan
from ui.web.middleware import LetGo, PageHeaders, PathTricks, UnknownPages
from ui.web.routes import routes

lessons()  # a file that is no lesson is refused now, with its line
notes()  # and so are notes on no lesson

app = st.App(
    ROOT / "ui" / "shell.py",
    lifespan=lifespan,
    routes=routes(),
    middleware=[
        Middleware(OneServer),
        Middleware(WatchedConnections),
        Middleware(LetGo),
        Middleware(KnownHost),
        Middleware(PageHeaders, base=base_path()),
        Middleware(PathTricks, base=base_path()),
        Middleware(UnknownPages, [each.name for each in PLACES], MISSING, base=base_path()),
        Middleware(BoundedConnections),
        Middleware(BoundedUploads, base=base_path()),
        Middleware(OwnerCookie, path=base_path()),
    ],
)
