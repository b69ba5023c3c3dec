"""The app as the web server runs it: Streamlit's pages, and beside them our routes.

Start it with `streamlit run app.py`. The pages' frame is `ui/shell.py`; it must not stand here, because a
folder `pages/` beside the main script would give every deep link a page without its frame.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from ui.owner import OwnerCookie  # noqa: E402
from ui.routes import PathTricks, base_path, routes  # noqa: E402
from ui.stream import LetGo  # noqa: E402
from vae_core.engine import close_engine, warm_engine  # noqa: E402


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the workers without waiting for them; put all runs on disk at the end."""
    warm_engine()
    yield
    await run_in_threadpool(close_engine)


app = st.App(
    ROOT / "ui" / "shell.py",
    lifespan=lifespan,
    routes=routes(),
    middleware=[
        Middleware(LetGo),
        Middleware(PathTricks, base=base_path()),
        Middleware(OwnerCookie, path=base_path()),
    ],
)
