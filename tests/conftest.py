"""Settings that hold for all tests."""

from hypothesis import settings

# No test is timed, and the same commit gives the same examples everywhere.
settings.register_profile("here", deadline=None, derandomize=True, database=None)
settings.load_profile("here")
