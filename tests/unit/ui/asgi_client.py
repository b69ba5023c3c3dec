"""A browser for tests: plain requests to an ASGI app, without a server."""

import asyncio

import httpx


class Browser:
    """Ask an ASGI app; keeps the cookies it is made with, and takes no new ones."""

    def __init__(self, app, *, base_url="http://testserver", cookies=None):
        self.app = app
        self.base_url = base_url
        self.cookies = cookies or {}

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def request(self, method, path, **kwargs):
        async def ask():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.base_url, cookies=self.cookies
            ) as client:
                return await client.request(method, path, **kwargs)

        return asyncio.run(ask())
