"""The Markdown that lessons are written in, as blocks of runs: the browser sets each as text, never as HTML.

Paragraphs, lists of `-`, `**strong**`, `*emphasis*`, `` `code` ``, `[links](https://...)`, `x_{sub}`,
`x^{sup}`. `[[quantity|symbol]]` is a symbol that lights up with the quantity on screen. A block fenced by
three backticks and `formula` is a formula; its last line names the function that computes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from ui.learn.files.lesson import Block, Run
from ui.learn.files.source import function_source

_INLINE: Final = re.compile(
    r"\[\[(?P<quantity>[^\]|]*)\|(?P<symbol>(?:[^\]]|\](?!\](?!\])))*)\]\](?!\])"
    r"|\[(?P<link>[^\]]+)\]\((?P<href>[^)\s]+)\)"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<em>[^*]+)\*"
    r"|`(?P<code>[^`]+)`"
    r"|_\{(?P<sub>[^}]*)\}"
    r"|\^\{(?P<sup>[^}]*)\}"
)
_HREF: Final = re.compile(r"https://[\w./:%~#?&=+-]+|[a-z]*(\?[\w=&.%-]+)?")
_FENCE: Final = "```"

Refuse = Callable[[int, str], Exception]
"""Makes the error that says a sentence about a line."""


def runs_of(text: str, line: int, quantities: Collection[str], refuse: Refuse) -> list[Run]:
    """Split a line of text into its runs.

    Args:
        text: one paragraph.
        line: its number in the file.
        quantities: what symbols may stand for.
        refuse: makes an error.
    """
    runs: list[Run] = []
    last = 0
    for found in _INLINE.finditer(text):
        if found.start() > last:
            runs.append(("text", text[last : found.start()]))
        last = found.end()
        part = found.groupdict()
        if part["symbol"] is not None:
            if part["quantity"] not in quantities:
                raise refuse(line, f"{part['quantity']!r} is no quantity that this thing measures.")
            runs.append(("symbol", part["symbol"], part["quantity"]))
        elif part["link"] is not None:
            if not _HREF.fullmatch(part["href"]):
                raise refuse(line, f"{part['href']!r} is neither a page of the app nor an https address.")
            runs.append(("link", part["link"], part["href"]))
        else:
            kind = next(name for name in ("strong", "em", "code", "sub", "sup") if part[name] is not None)
            runs.append((kind, part[kind]))
    if last < len(text):
        runs.append(("text", text[last:]))
    return runs


def blocks_of(lines: list[str], first: int, quantities: Collection[str], refuse: Refuse) -> list[Block]:
    """Read paragraphs, lists and formulas.

    Args:
        lines: of a section.
        first: number of the first of them in the file.
        quantities: what symbols may stand for.
        refuse: makes an error.
    """
    blocks: list[Block] = []
    gathered: list[tuple[int, str]] = []

    def close() -> None:
        if not gathered:
            return
        start = gathered[0][0]
        if gathered[0][1].startswith("- "):
            items: list[str] = []
            for _, text in gathered:
                if text.startswith("- "):
                    items.append(text[2:])
                else:
                    items[-1] += " " + text.strip()
            found = [runs_of(item, start, quantities, refuse) for item in items]
            blocks.append({"kind": "list", "items": found})
        else:
            text = " ".join(text.strip() for _, text in gathered)
            blocks.append({"kind": "paragraph", "runs": runs_of(text, start, quantities, refuse)})
        gathered.clear()

    fence: list[tuple[int, str]] | None = None
    opened = 0
    for number, text in enumerate(lines, first):
        if fence is not None:
            if text.strip() == _FENCE:
                blocks.append(_formula(fence, opened, quantities, refuse))
                fence = None
            else:
                fence.append((number, text.strip()))
        elif text.startswith(_FENCE):
            close()
            if text.strip() != f"{_FENCE}formula":
                raise refuse(number, f"{text.strip()!r} opens no formula; a lesson fences nothing else.")
            fence, opened = [], number
        elif not text.strip():
            close()
        elif text.startswith("#"):
            raise refuse(number, "A section has no headings of its own.")
        else:
            gathered.append((number, text))
    close()
    if fence is not None:
        raise refuse(opened, "This formula is never closed.")
    return blocks


def _formula(lines: list[tuple[int, str]], opened: int, quantities: Collection[str], refuse: Refuse) -> Block:
    if len(lines) < 2:
        raise refuse(opened, "A formula has its text, and in its last line the function that computes it.")
    number, name = lines[-1]
    try:
        source = function_source(name)
    except LookupError as error:
        raise refuse(number, str(error)) from None
    written = [runs_of(text, at, quantities, refuse) for at, text in lines[:-1]]
    return {"kind": "formula", "lines": written, "code": {"name": name, "source": source}}
