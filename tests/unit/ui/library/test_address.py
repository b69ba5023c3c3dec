"""The address at which others find the server."""

from types import SimpleNamespace

import pytest

from ui.library import address


@pytest.fixture
def opened(monkeypatch):
    def with_url(url, own=("192.0.2.7",), **options):
        monkeypatch.setattr(address.st, "context", SimpleNamespace(url=url))
        monkeypatch.setattr(address, "_own_addresses", lambda: list(own))
        settings = {"server.port": 8501, "server.address": None, "server.sslCertFile": None} | options
        monkeypatch.setattr(address.config, "get_option", settings.get)
        monkeypatch.delenv("LATENT_PUBLIC_URL", raising=False)

    return with_url


def test_what_the_page_was_opened_with_comes_first_unless_it_means_only_this_machine(opened):
    opened("http://class.example/train?x=1")
    assert address.addresses() == ("http://class.example", "http://192.0.2.7:8501")
    for own in ("http://localhost:8501/", "http://127.0.0.1:8501/class", "http://[::1]:8501/", None):
        opened(own)
        assert address.addresses() == ("http://192.0.2.7:8501",)


def test_whoever_runs_the_server_knows_better(opened, monkeypatch):
    opened("http://localhost:8501")
    monkeypatch.setenv("LATENT_PUBLIC_URL", "https://vae.school.example/a/")
    assert address.addresses()[0] == "https://vae.school.example/a"
    assert address.link_to("/train?watch=x") == "https://vae.school.example/a/train?watch=x"


def test_there_is_always_one(opened):
    opened(None, own=(), **{"server.baseUrlPath": "lab"})
    assert address.addresses() == ("http://localhost:8501/lab",)
    opened(None, own=("2001:db8::5",))
    assert address.addresses() == ("http://[2001:db8::5]:8501",)


@pytest.mark.parametrize(
    ("typed", "proper"),
    [
        (" 192.168.1.20:8501/ ", "http://192.168.1.20:8501"),
        ("https://a.example/b", "https://a.example/b"),
        ("javascript:alert(1)", ""),
        ("http://", ""),
        ("http://a b", ""),
        ("http://a/?q=<b>", ""),
        ("http://a:99999", ""),
        ("", ""),
    ],
)
def test_a_typed_address_is_made_proper(typed, proper):
    assert address.proper(typed) == proper


@pytest.mark.parametrize(
    ("bound", "alone"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False), (None, False)]
)
def test_a_server_for_one_machine_is_told_apart(opened, bound, alone):
    opened(None, **{"server.address": bound})
    assert address.only_here() is alone


def test_own_addresses_mean_something_elsewhere():
    assert not [
        text for text in address._own_addresses() if text.startswith(("127.", "::1", "fe80", "0.0.0.0"))
    ]
