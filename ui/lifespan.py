"""What the server does when it starts and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.concurrency import run_in_threadpool

from ui.journal import start_logging
from ui.presence import is_here
from vae_core.engine import close_engine, limits, warm_engine


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the workers without waiting for them; put all runs on disk at the end."""
    start_logging()
    limits.check()
    warm_engine(is_here)
    yield
    await run_in_threadpool(close_engine)
