"""How kernels are compiled: decided here, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

import numba

from pipelines.kernels.machine_code import keep

__all__ = ["Kernel", "kernel"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_R_co = TypeVar("_R_co", covariant=True)


class Kernel(Protocol[_P, _R_co]):
    """A compiled function.

    Attributes
    ----------
    py_func : callable
        The same as plain Python.
    declared : tuple of str
        The types that `warm` compiles it for.
    """

    py_func: Callable[..., Any]
    declared: tuple[str, ...]

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R_co:
        """Run the machine code, which is compiled on the first call with these types."""
        ...


@overload
def kernel(function: Callable[_P, _R], /) -> Kernel[_P, _R]: ...
@overload
def kernel(*declared: str) -> Callable[[Callable[_P, _R]], Kernel[_P, _R]]: ...
def kernel(*declared: Any) -> Any:
    """Compile a function over bare arrays with Numba.

    The machine code is kept on disk, releases the GIL, runs in the calling thread alone (two threads in Numba's
    parallel loops abort the process) and keeps to IEEE 754, so that NaN means what a kernel says it means. With
    ``NUMBA_DISABLE_JIT=1`` kernels run as plain Python.

    Parameters
    ----------
    *declared : str
        The types that the product calls it with, for `warm`: ``"const int32[:], float64[:, :], int64"`` is an array
        that is read-only, one that is not (both C-contiguous) and a number; ``"int32[:] x 10"`` is a tuple of ten
        arrays. Other types are compiled when they come. What only kernels call declares none, under a bare `@kernel`.
    """
    if declared and callable(declared[0]):
        return _compile(declared[0], ())
    return lambda function: _compile(function, declared)


def _compile(function: Callable[_P, _R], declared: tuple[str, ...]) -> Kernel[_P, _R]:
    compiled = numba.njit(nogil=True)(function)
    if not hasattr(compiled, "py_func"):  # with compiling off it is the function itself
        compiled.py_func = function
    else:
        keep(compiled)
    compiled.declared = declared
    return cast("Kernel[_P, _R]", compiled)
