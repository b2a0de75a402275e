"""Where each key of a TOML text stands, so that an error can name the line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]
HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=\s*(.*)$""")
INNER_KEY = re.compile(r"""[{,]\s*("[^"]*"|[\w-]+)\s*=""")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) on which `path` stands, or else the nearest that leads to it; 1 if none.

    Understands tables, arrays of tables, and arrays with one inline table a line.
    """
    places: dict[Path, int] = {}
    for place, line in _places(text):
        places.setdefault(place, line)
    wanted = tuple(path)
    for end in range(len(wanted), 0, -1):
        if wanted[:end] in places:
            return places[wanted[:end]]
    return 1


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Every path with its line."""
    table: Path = ()
    counts: dict[Path, int] = {}
    array: Path = ()  # of inline tables, while it is open
    number = 0
    for line, written in enumerate(text.splitlines(), start=1):
        if array:
            if written.strip().startswith("{"):
                yield (*array, number), line
                for key in INNER_KEY.findall(written):
                    yield (*array, number, _plain(key)), line
                number += 1
            array = () if written.strip().startswith("]") else array
            continue
        header = HEADER.match(written)
        if header:
            table = _table(header[2].split("."), header[1] == "[[", counts)
            yield table, line
            continue
        key = KEY.match(written)
        if key:
            here = (*table, *map(_plain, key[1].split(".") if key[1][0] not in "\"'" else [key[1]]))
            yield here, line
            array, number = (here, 0) if key[2].strip() == "[" else ((), 0)


def _table(
    names: Sequence[str],
    is_array: bool,
    counts: dict[Path, int],
) -> Path:
    """The path of a table's header; of an array of tables, with its number."""
    path: Path = ()
    for depth, name in enumerate(names):
        path = (*path, _plain(name))
        last = depth == len(names) - 1
        if last and is_array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _plain(key: str) -> str:
    return key.strip().strip("\"'")
