"""What an import may take: of files from anyone, each bound is checked before memory is taken."""

from __future__ import annotations

from typing import Final

MAX_IMAGES: Final = 70_000
MAX_PIXEL_BYTES: Final = 500_000_000
"""Of all images together, as they are kept."""

MAX_FILES: Final = 200_000
"""Names in an archive or folder; more are not even listed."""

MAX_FILE_BYTES: Final = 64_000_000
MAX_UNPACKED_BYTES: Final = 4_000_000_000
"""Of all files of one import, unpacked: a second bound for archives of many bombs."""

MAX_RATIO: Final = 200
"""Of a file in an archive to its packed size; the first megabyte is free, as empty images pack well."""

MAX_SOURCE_PIXELS: Final = 50_000_000
"""Of one image before it is made smaller."""

SIZE_RANGE: Final = (8, 128)
CHANNELS: Final = (1, 3)
FITS: Final = ("crop", "pad", "stretch")
