"""Long texts as they lie in the store: compressed."""

from __future__ import annotations

import zlib


def packed(body: bytes) -> bytes:
    """As it is stored."""
    return zlib.compress(body)


def unpacked(body: bytes) -> bytes:
    """As it was."""
    return zlib.decompress(body)
