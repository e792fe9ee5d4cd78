"""The installed command, as a user runs it."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["STREAMSHADE"]

STREAMSHADE = str(Path(sys.executable).with_name("streamshade"))
"""The ``streamshade`` of the environment that the tests run in."""
