"""Compiling all kernels before they are needed, and telling which are compiled."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
from numba import types

import pipelines.kernels
from pipelines.kernels.machine_code import is_kept

__all__ = ["KernelState", "Step", "compiling_is_off", "kernels", "n_compiled", "parse_types", "states", "warm"]

Step = tuple[Any, str]
"""A kernel, and one of its declarations."""

_TYPE: Final = re.compile(r"(?P<const>const )?(?P<dtype>\w+)(?P<array>\[:(?:, :)*\])?(?: x (?P<n>\d+))?")
_COMMA: Final = re.compile(r", (?![^\[]*\])")


@dataclass(frozen=True, slots=True)
class KernelState:
    """How a kernel stands.

    Parameters
    ----------
    name : str
        Module and name.
    n_declared : int
        For how many types of arguments the product needs it.
    n_warm : int
        How many of them are on disk, for this CPU and these versions.
    """

    name: str
    n_declared: int
    n_warm: int


def kernels() -> dict[str, Any]:
    """Return all kernels by module and name, also those that declare no types."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(pipelines.kernels.__path__, f"{pipelines.kernels.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if hasattr(value, "declared") and value.__module__ == module.name:
                found[f"{module.name.rpartition('.')[2]}.{name}"] = value
    return found


def parse_types(declared: str) -> tuple[Any, ...]:
    """Return Numba's types for a declaration as `kernel` describes it; raises `ValueError` where it is none."""
    return tuple(_parse_type(part) for part in _COMMA.split(declared))


def states() -> tuple[KernelState, ...]:
    """Return how each kernel stands that declares types. Compiles nothing."""
    return tuple(
        KernelState(name, len(each.declared), sum(is_kept(each, parse_types(declared)) for declared in each.declared))
        for name, each in kernels().items()
        if each.declared
    )


def warm(progress: Callable[[Sequence[Step]], Iterable[Step]] = iter) -> int:
    """Compile every kernel for all types that it declares, or load what is on disk.

    Parameters
    ----------
    progress : callable
        Wraps what is to be done, as ``tqdm`` does: a kernel and one of its declarations each.

    Returns
    -------
    int
        How many were compiled, those that others call included: 0 where all were on disk, or compiling is off.
    """
    if compiling_is_off():
        return 0
    steps = [(each, declared) for each in kernels().values() for declared in each.declared]
    n_before = n_compiled()
    for each, declared in progress(steps):
        each.compile(parse_types(declared))
    return n_compiled() - n_before


def compiling_is_off() -> bool:
    """Tell whether kernels run as plain Python, by ``NUMBA_DISABLE_JIT``."""
    return bool(numba.config.DISABLE_JIT)


def n_compiled() -> int:
    """Return how many signatures of kernels this process has compiled, and not loaded from disk."""
    return sum(each.stats.cache_misses.total() for each in kernels().values())


def _parse_type(text: str) -> Any:
    match = _TYPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no type of a kernel's argument")
    parsed = numba.from_dtype(np.dtype(match["dtype"]))
    if match["array"]:
        parsed = types.Array(parsed, match["array"].count(":"), "C", readonly=bool(match["const"]))
    return types.UniTuple(parsed, int(match["n"])) if match["n"] else parsed
