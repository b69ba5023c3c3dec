"""The server's log: what happened, to which run and to which browser; never images, titles or names.

Browsers stand in it by the first letters of the hash of their cookie, runs by the first of their id.
"""

from __future__ import annotations

import logging
import os
from typing import Final

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
