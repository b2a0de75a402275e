"""What tests of the training project share with those of the product."""

from __future__ import annotations

from tests.conftest import ROOT, SHARED, needs_shared

__all__ = ["ROOT", "SHARED", "needs_shared"]
