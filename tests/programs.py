"""The programs that some tests run against: where they are, and what to install where they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import pytest

__all__ = ["PROGRAMS", "Program", "find_program", "in_ci", "require_program"]

_MORE_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/sbin")
"""Where package managers put servers that are not on an ordinary user's PATH."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that tests need.

    Parameters
    ----------
    names : tuple of str
        Its names on the PATH, or full paths, in the order of preference.
    version_flag, greeting : str
        The argument that makes it tell its version, and what the answer must hold: Ubuntu's ``chromium-browser`` may be
        a script that only asks for a snap.
    apt, brew : str
        The packages that hold it.
    """

    names: tuple[str, ...]
    version_flag: str
    greeting: str
    apt: str
    brew: str


PROGRAMS: Final[Mapping[str, Program]] = MappingProxyType(
    {
        "mosquitto": Program(("mosquitto",), "-h", "mosquitto version", "mosquitto", "mosquitto"),
        "redis-server": Program(("redis-server",), "--version", "Redis server", "redis-server", "redis"),
        "nginx": Program(("nginx",), "-v", "nginx version", "nginx-light", "nginx"),
        "chromium": Program(
            (
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                "/Applications/Chromium.app/Contents/MacOS/Chromium",
            ),
            "--version",
            "Chrom",
            "chromium",
            "--cask google-chrome",
        ),
    }
)


def in_ci() -> bool:
    """Tell whether a missing program must fail the tests instead of skipping them."""
    return os.environ.get("CI", "").lower() in ("true", "1")


@cache
def find_program(name: str) -> str | None:
    """Return the path of the program called `name`, one of `PROGRAMS`, or None where there is none that runs."""
    program = PROGRAMS[name]
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_MORE_FOLDERS))
    found = (shutil.which(candidate, path=folders) for candidate in program.names)
    return next((path for path in found if path and _runs(path, program)), None)


def require_program(name: str) -> str:
    """Return the path of the program called `name`; without it the test is skipped, or fails in CI."""
    path = find_program(name)
    if path is None:
        reason = f"needs {name}: apt-get install {PROGRAMS[name].apt} / brew install {PROGRAMS[name].brew}"
        (pytest.fail if in_ci() else pytest.skip)(reason)
    return path


def _runs(path: str, program: Program) -> bool:
    command = [path, program.version_flag]
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return program.greeting in (answer.stdout + answer.stderr).decode(errors="replace")


if __name__ == "__main__":
    print(*(program.apt for name, program in PROGRAMS.items() if find_program(name) is None))
