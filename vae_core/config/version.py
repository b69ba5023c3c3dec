"""The version of the project, as it stands in bundles and in the changelog."""

from typing import Final

VERSION: Final = "0.1.0"
