"""What every page is sent with, and under which names the server may be asked for, by page and by socket."""

import asyncio
import base64
import hashlib
import re
import socket
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from tests.unit.ui.asgi_client import Browser
from ui.web.guards import content_policy, hosts
from ui.web.guards.hosts import KnownHost
from ui.web.middleware import PageHeaders, UnknownPages


async def page(request):
    return HTMLResponse("<p>a page</p>", headers={"X-Frame-Options": "ALLOWALL"})


async def text(request):
    return PlainTextResponse("numbers")


async def socket_route(websocket):
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


def guarded():
    return Starlette(
        routes=[
            Route("/base/", page),
            Route("/base/text", text),
            Route("/base/_stcore/metrics", text),
            WebSocketRoute("/base/socket", socket_route),
        ],
        middleware=[Middleware(KnownHost), Middleware(PageHeaders, base="/base")],
    )


def test_pages_come_with_headers_that_keep_foreign_scripts_and_frames_out():
    headers = Browser(guarded()).get("/base/", headers={"Host": "localhost"}).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert not re.search(r"\*|https?:|'unsafe-inline'", policy["script-src"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.get_list("x-frame-options") == ["SAMEORIGIN"]
    assert "content-security-policy" not in Browser(guarded()).get("/base/text").headers


def test_the_script_in_streamlits_own_page_is_let_in_by_its_digest():
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = html.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in content_policy.content_policy()


def test_who_may_frame_the_app_is_a_setting(monkeypatch):
    monkeypatch.setenv("LATENT_FRAME_ANCESTORS", "https://school.example http://10.0.0.2:8080")
    headers = dict(content_policy.headers())
    assert headers[b"content-security-policy"].endswith(
        b"frame-ancestors https://school.example http://10.0.0.2:8080"
    )
    assert b"x-frame-options" not in headers  # which can name nobody
    monkeypatch.setenv("LATENT_FRAME_ANCESTORS", "'none'")
    assert dict(content_policy.headers())[b"x-frame-options"] == b"DENY"
    monkeypatch.setenv("LATENT_FRAME_ANCESTORS", "everyone; script-src *")
    with pytest.raises(ValueError, match="LATENT_FRAME_ANCESTORS holds 'everyone;'"):
        content_policy.headers()


def test_the_metrics_are_closed():
    assert Browser(guarded()).get("/base/_stcore/metrics", headers={"Host": "localhost"}).status_code == 404
    assert Browser(guarded()).get("/base/_stcore/metrics/", headers={"Host": "localhost"}).status_code == 404


def socket_says(host):
    """Open a socket under a name; return the kinds of messages that the server answers with."""
    scope = {"type": "websocket", "path": "/base/socket", "headers": [(b"host", host.encode())]}
    answers = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        answers.append(message["type"].removeprefix("websocket."))

    asyncio.run(guarded()(scope, receive, send))
    return answers


OWN = socket.gethostname().split(".")[0]
KNOWN = [
    "localhost",
    "localhost:8501",
    "127.0.0.1:8501",
    "192.168.1.5",
    "[::1]:8501",
    "app.localhost",
    "LocalHost",
]
KNOWN += [OWN, f"{OWN}.local:8501", "school.example", "class.example:9000"]
FOREIGN = [
    "evil.example",
    "evil.example:8501",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "",
    "@",
    "a b",
]
FOREIGN += [f"{OWN}.evil.example", "localhost@evil.example", "evil.example#localhost", "::1"]


@pytest.fixture
def _named(monkeypatch):
    monkeypatch.setenv("LATENT_HOSTS", " School.example , other.example")
    monkeypatch.setenv("LATENT_PUBLIC_URL", "https://class.example/latent")


@pytest.mark.usefixtures("_named")
@pytest.mark.parametrize("host", KNOWN)
def test_names_that_nobody_else_can_own_are_served(host):
    assert hosts.is_known(host)
    assert Browser(guarded()).get("/base/", headers={"Host": host}).status_code == 200
    assert socket_says(host) == ["accept", "send", "close"]


@pytest.mark.usefixtures("_named")
@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_refused_and_the_sentence_says_what_to_set(host):
    assert not hosts.is_known(host)
    refused = Browser(guarded()).get("/base/", headers={"Host": host})
    assert refused.status_code == 421
    assert "LATENT_HOSTS" in refused.text
    assert "LATENT_PUBLIC_URL" in refused.text
    assert socket_says(host) == ["close"]


def test_a_star_allows_any_name(monkeypatch):
    assert not hosts.is_known("any.example")
    monkeypatch.setenv("LATENT_HOSTS", "*")
    assert hosts.is_known("any.example")


@pytest.mark.parametrize("base", ["", "/base"])
def test_an_address_without_a_page_leads_to_the_first_one(base):
    app = Starlette(
        routes=[Route(f"{base}/{{rest:path}}", page)],
        middleware=[Middleware(UnknownPages, ["explore", "train"], "missing", base=base)],
    )

    def led_to(path, **headers):
        answer = Browser(app).get(f"{base}{path}", headers={"Accept": "text/html,*/*", **headers})
        return (answer.status_code, answer.headers.get("location", ""))

    assert led_to("/nowhere") == led_to("/nowhere/") == (307, f"{base}/?missing=nowhere")
    assert led_to("/a%20%26b") == (307, f"{base}/?missing=a+%26b")
    assert led_to("/explore?explore_model=mnist-16") == (307, f"{base}/?explore_model=mnist-16")
    assert led_to("/explore") == (307, f"{base}/")
    assert led_to("/explore?x=%0D%0ASet-Cookie:a") == (307, f"{base}/?x=%0D%0ASet-Cookie:a")
    for path in ("/", "/train", "/train/?x=1", "/_stcore/health", "/latent/anything", "/robots.txt"):
        assert led_to(path) == (200, "")
    assert led_to("/nowhere", Accept="application/json") == (200, "")
