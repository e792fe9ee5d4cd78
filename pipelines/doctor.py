"""``streamshade doctor``: what is installed, reachable, writable and warm, in words that say what to do."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

from packaging.requirements import Requirement

from pipelines.core.clock import SystemClock
from pipelines.core.errors import StreamshadeError
from pipelines.core.url import SourceSpec
from pipelines.graph.catalogue import open_source, read_url
from pipelines.kernels.machine_code import FOLDER_VARIABLE, cpu_name, folders
from pipelines.kernels.warm import KernelState, compiling_is_off, states
from pipelines.sources.contract import Source, SourceStatus

__all__ = ["Finding", "Level", "examine"]

Level = Literal["ok", "warn", "fail"]
"""`"warn"` is slower or less than it could be, `"fail"` is broken."""

_OUR_NAME: Final = "streamshade"
_FOR_DEVELOPERS: Final = frozenset({"lint", "test"})
_COMPILE_S: Final = 0.3
"""What a signature takes to compile, roughly."""
_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Parameters
    ----------
    level : {"ok", "warn", "fail"}
        How bad it is.
    subject : str
        What was looked at.
    text : str
        How it stands, and what to do. Never a secret.
    """

    level: Level
    subject: str
    text: str


def examine(urls: Sequence[str] = (), *, wait_s: float = 5.0) -> Iterator[Finding]:
    """Look at everything, and tell what was found as it is found.

    Parameters
    ----------
    urls : sequence of str
        Sources to connect to. Nothing is taken from a feed that runs: no session is resumed, nothing acknowledged.
    wait_s : float
        How long a source may take.
    """
    yield Finding("ok", "python", f"{platform.python_version()} on {_n_cores()} cores of {cpu_name()}")
    yield from _libraries()
    yield from _places()
    yield from _kernels()
    for url in urls:
        yield _source(url, wait_s)


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _libraries() -> Iterator[Finding]:
    needed = [Requirement(line) for line in requires(_OUR_NAME) or ()]
    yield _installed("libraries", [each for each in needed if each.marker is None or each.marker.evaluate()], "")
    for extra in metadata(_OUR_NAME).get_all("Provides-Extra") or ():
        if extra not in _FOR_DEVELOPERS:
            yield _installed(extra, [each for each in needed if _is_of(extra, each)], extra)


def _is_of(extra: str, needed: Requirement) -> bool:
    marker = needed.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate()


def _installed(subject: str, needed: Iterable[Requirement], extra: str) -> Finding:
    """Compare what is installed with what is needed."""
    found = {each: _version(each.name) for each in needed}
    missing = [each.name for each, installed in found.items() if not installed]
    outside = [each for each, installed in found.items() if installed and not each.specifier.contains(installed, True)]
    if missing and extra:
        return Finding("ok", subject, f"not installed; where you want it: pip install '{_OUR_NAME}[{extra}]'")
    if missing:
        return Finding("fail", subject, f"missing: {', '.join(missing)}; pip install {' '.join(missing)}")
    if outside:
        wanted = " ".join(f"'{each.name}{each.specifier}'" for each in outside)
        return Finding("warn", subject, f"other versions than those that work; pip install {wanted}")
    return Finding("ok", subject, ", ".join(f"{each.name} {installed}" for each, installed in found.items()))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _places() -> Iterator[Finding]:
    writable = [folder for folder in folders() if _is_writable(folder)]
    if writable:
        yield Finding("ok", "kernels", f"kept in {writable[0]}")
    else:
        tried = " and ".join(map(str, folders()))
        yield Finding("ok", "kernels", f"read from {tried}; what is cold can't be kept, nothing there can be written")
    try:
        yield Finding("ok", "temporary", f"{tempfile.gettempdir()} can be written")
    except FileNotFoundError:
        yield Finding("warn", "temporary", "no folder for temporary files can be written; name one in TMPDIR")


def _is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or the folder itself where it is not there yet."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _kernels() -> Iterator[Finding]:
    if compiling_is_off():
        yield Finding("warn", "kernels", "run as plain Python, a hundred times slower: unset NUMBA_DISABLE_JIT")
        return
    found = states()
    for module, of_module in groupby(found, key=lambda state: state.name.partition(".")[0]):
        yield _module(module, list(of_module))
    n_cold = sum(state.n_declared - state.n_warm for state in found)
    n_declared = sum(state.n_declared for state in found)
    if n_cold == 0:
        yield Finding("ok", "kernels", f"all {len(found)} are warm, for all {n_declared} signatures")
        return
    yield Finding(
        "warn",
        "kernels",
        f"{n_cold} of {n_declared} signatures are cold: compiled when first called, about {n_cold * _COMPILE_S:.0f} s "
        f"in all. Compile them now: {_warming()}",
    )


def _warming() -> str:
    command = f"{_OUR_NAME} doctor --warm"
    return command if any(map(_is_writable, folders())) else f"{FOLDER_VARIABLE}=/a/writable/folder {command}"


def _module(name: str, kernels: list[KernelState]) -> Finding:
    cold = any(state.n_warm < state.n_declared for state in kernels)
    each = (f"{state.name.partition('.')[2]} {state.n_warm}/{state.n_declared}" for state in kernels)
    return Finding("warn" if cold else "ok", f"  {name}", ", ".join(each))


def _source(url: str, wait_s: float) -> Finding:
    try:
        spec = read_url(url)
        source = open_source(_apart(spec), clock=SystemClock())
    except StreamshadeError as error:
        return Finding("fail", "source", str(error))
    source.start()
    try:
        status = _settled(source, wait_s)
    finally:
        source.stop()
    level: Level = "ok" if status.connected else "fail"
    return Finding(level, "source", f"{spec.redacted} is {status.state}: {status.detail}")


def _apart(spec: SourceSpec) -> SourceSpec:
    """Return the source without what would take over the session of a feed that runs."""
    options = {name: value for name, value in spec.options.items() if name not in ("client_id", "qos")}
    return replace(spec, options=options)


def _settled(source: Source, wait_s: float) -> SourceStatus:
    """Return how the source stands once it is connected or has failed, or the time is up."""
    clock = SystemClock()
    end_ns = clock.monotonic_ns() + int(wait_s * 1e9)
    pause: Callable[[float], bool] = threading.Event().wait
    while (status := source.status()).state in ("stopped", "connecting") and clock.monotonic_ns() < end_ns:
        pause(_POLL_S)
    return status
