"""The log: what comes again and again is counted."""

import logging

from ui.web.guards.quiet_log import MOST_KINDS, MOST_LINES, WINDOW_SECONDS, Counted


def test_a_repeated_line_is_counted_and_others_are_written(caplog):
    now = 0.0
    counted = Counted(clock=lambda: now)
    logger = logging.getLogger("tests.quiet")
    logger.addFilter(counted)
    with caplog.at_level(logging.INFO):
        for number in range(10_000):
            logger.warning("%s sent nonsense", number)
        logger.warning("something else")
        assert len(caplog.messages) == MOST_LINES + 1
        now = WINDOW_SECONDS
        logger.warning("%s sent nonsense", "again")
    assert caplog.messages[-1] == (
        f"again sent nonsense (and {10_000 - MOST_LINES:,} more like it in the 10 s before)"
    )


def test_remembering_kinds_has_a_bound():
    counted = Counted()
    for number in range(MOST_KINDS + 50):
        record = logging.LogRecord("x", logging.INFO, "", 0, f"line {number}", (), None)
        assert counted.filter(record)
    assert len(counted._kinds) == MOST_KINDS
