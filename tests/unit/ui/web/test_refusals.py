"""A sentence waits for the page that it is meant for, is said once, and many take no memory."""

from types import SimpleNamespace

import pytest

from ui.web.guards import refusals


@pytest.fixture
def sessions(monkeypatch):
    """Open pages by name, each with how often it was asked to draw itself; and whose turn it is."""
    pages = {
        name: SimpleNamespace(asked=[], _client_state=f"where {name} stands") for name in ("one", "other")
    }
    for page in pages.values():
        page.request_rerun = page.asked.append

    def info(name):
        return SimpleNamespace(session=pages[name]) if name in pages else None

    runtime = SimpleNamespace(_session_mgr=SimpleNamespace(get_active_session_info=info))
    monkeypatch.setattr(refusals, "Runtime", SimpleNamespace(exists=lambda: True, instance=lambda: runtime))
    monkeypatch.setattr(refusals, "_WAITING", {})
    return pages


def drawn(monkeypatch, name):
    monkeypatch.setattr(refusals, "get_script_run_ctx", lambda: SimpleNamespace(session_id=name))
    return refusals.take_refusal()


def test_a_page_says_once_what_it_was_refused_and_no_other_does(sessions, monkeypatch):
    refusals.tell_page("one", "Too large.")
    assert sessions["one"].asked == ["where one stands"]
    assert not sessions["other"].asked
    assert drawn(monkeypatch, "other") == ""
    assert drawn(monkeypatch, "one") == "Too large."
    assert drawn(monkeypatch, "one") == ""


def test_a_page_that_is_not_there_is_told_nothing(sessions):
    refusals.tell_page("gone", "Too large.")
    assert not refusals._WAITING


def test_what_nobody_takes_is_bounded(sessions, monkeypatch):
    monkeypatch.setattr(refusals, "MOST", 1)
    refusals.tell_page("one", "First.")
    refusals.tell_page("other", "Second.")
    assert refusals._WAITING == {"other": "Second."}
