"""How kernels are compiled: decided here, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import numba

__all__ = ["Kernel", "kernel"]

_P = ParamSpec("_P")
_R_co = TypeVar("_R_co", covariant=True)


class Kernel(Protocol[_P, _R_co]):
    """A compiled function.

    Attributes
    ----------
    py_func : callable
        The same as plain Python.
    """

    py_func: Callable[..., Any]

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R_co:
        """Run the machine code, which is compiled on the first call with these types."""
        ...


def kernel(function: Callable[_P, _R_co]) -> Kernel[_P, _R_co]:
    """Compile a function over bare arrays with Numba.

    The machine code is cached on disk, releases the GIL, runs in the calling thread alone (two threads in Numba's
    parallel loops abort the process) and keeps to IEEE 754, so that NaN means what a kernel says it means. With
    ``NUMBA_DISABLE_JIT=1`` kernels run as plain Python.
    """
    compiled = numba.njit(nogil=True, cache=True)(function)
    if not hasattr(compiled, "py_func"):
        compiled.py_func = function
    return compiled  # type: ignore[no-any-return]
