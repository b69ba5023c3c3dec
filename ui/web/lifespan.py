"""What the server does when it starts and when it ends."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import streamlit as st
from starlette.concurrency import run_in_threadpool

from ui.identity.presence import is_here
from ui.library.retention import SWEEP_SECONDS, Sweeper
from ui.web.guards.quiet_log import count_repeated_lines
from vae_core.engine import close_engine, warm_engine
from vae_core.engine.contract import limits

LOG: Final = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the workers without waiting for them; put all runs on disk at the end."""
    start_logging()
    count_repeated_lines()
    limits.check()
    warm_engine(is_here)
    sweeping = asyncio.create_task(_sweep())
    yield
    sweeping.cancel()
    await run_in_threadpool(close_engine)


async def _sweep() -> None:
    """Delete once an hour what nobody can reach any more; not before the first is over."""
    sweeper = Sweeper()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await run_in_threadpool(sweeper.sweep)
        except Exception:  # what failed now may work in an hour
            LOG.exception("looking for models that nobody can reach failed")


FORM: Final = "%(asctime)s %(levelname)s %(message)s"


def start_logging() -> None:
    """Write what the engine and the routes report to standard error (LATENT_LOG: the least level, INFO)."""
    level = os.environ.get("LATENT_LOG", "INFO").upper()
    for name in ("vae_core", "ui"):
        logger = logging.getLogger(name)
        logger.setLevel(level if level in logging.getLevelNamesMapping() else "INFO")
        if not logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter(FORM))
            logger.addHandler(handler)
            logger.propagate = False
