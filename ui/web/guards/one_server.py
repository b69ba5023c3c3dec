"""One server for one folder of data: a second one says where the first is, and does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from streamlit import config

from ui.page.urls import base_path
from vae_core.storage.home import latent_home
from vae_core.storage.home_lock import PATIENCE_SECONDS, HomeInUseError, lock_home, unlock_home

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

EVERYWHERE: Final = ("", "0.0.0.0", "::")


class OneServer:
    """Lock the folder of data before the app starts, and let it go when all of it has ended.

    It stands around the app, not in its lifespan: what is raised there reaches the terminal as a stack trace.
    """

    def __init__(self, app: ASGIApp, patience: float = PATIENCE_SECONDS) -> None:
        self.app = app
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection, or the whole life of the app."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        home = latent_home()
        try:
            await run_in_threadpool(lock_home, home, own_address(), patience=self.patience)
        except HomeInUseError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        try:
            await self.app(scope, receive, send)
        finally:
            unlock_home(home)


def own_address() -> str:
    """Return where this server is found on its own machine."""
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    address = str(config.get_option("server.address") or "")
    host = "localhost" if address in EVERYWHERE else f"[{address}]" if ":" in address else address
    return f"{scheme}://{host}:{config.get_option('server.port')}{base_path()}"
