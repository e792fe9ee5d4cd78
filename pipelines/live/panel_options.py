"""The command line of ``panel serve``: which pages, which of our routes, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import pipelines
from pipelines.core.errors import SpecError
from pipelines.core.url import nearest

__all__ = ["PAGES", "n_processes", "page_files", "panel_arguments", "refuse_login_without_secret"]

PAGES: Final = Path(pipelines.__file__).parent.parent / "dashboards"
"""The folder of our pages: beside the package, in a checkout as in an installed wheel."""

_INDEX: Final = "overview"


def page_files(pages: Sequence[str]) -> list[Path]:
    """Return the files of the pages that are named, or of all our own; raises `SpecError` where there is none."""
    ours = {file.stem: file for file in sorted(PAGES.glob("*.py"))}
    files = []
    for page in pages:
        file = ours.get(page, Path(page))
        if not file.exists():
            raise SpecError(f"there is no page {page!r}{nearest(page, ours)}")
        files.append(file)
    return files or list(ours.values())


def panel_arguments(files: Sequence[Path], *, port: int, address: str, panel_options: Sequence[str]) -> list[str]:
    """Return the command line of ``panel serve`` for these pages. An `--index` or `--plugins` of one's own is kept."""
    arguments = ["panel", "serve", *map(str, files), "--port", str(port), "--address", address]
    plugins = ["pipelines.live.routes"]
    options = list(panel_options)
    if "--plugins" in options:
        place = options.index("--plugins") + 1
        options[place:place] = plugins
    else:
        options += ["--plugins", *plugins]
    if "--index" not in options and any(file.stem == _INDEX for file in files):
        options += ["--index", _INDEX]
    if "--log-level" not in options:
        options += ["--log-level", "warning"]
    return arguments + options


def n_processes(panel_options: Sequence[str]) -> int:
    """Return how many processes Panel is told to serve with; raises `SpecError` where that is no number."""
    words = " ".join(panel_options).replace("=", " ").split()
    n_processes = 1
    for name, value in pairwise([*words, ""]):
        if name.startswith("--num-p") and "--num-procs".startswith(name):  # Panel takes abbreviations, and the last
            if not value.isdecimal():
                raise SpecError(f"--num-procs needs a number, not {value!r}")
            n_processes = int(value) or os.cpu_count() or 1
    return n_processes


def refuse_login_without_secret(panel_options: Sequence[str]) -> None:
    """Raise `SpecError` for what Panel serves as pages that all fail: it can't sign what a browser is known by."""
    options = {word.partition("=")[0] for word in panel_options}
    with_login = "--basic-auth" in options or bool(os.environ.get("PANEL_BASIC_AUTH"))
    if with_login and "--cookie-secret" not in options and not os.environ.get("PANEL_COOKIE_SECRET"):
        raise SpecError("--basic-auth needs a --cookie-secret, or PANEL_COOKIE_SECRET: a long random text to sign with")
