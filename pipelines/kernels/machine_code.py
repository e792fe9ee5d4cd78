"""Machine code on disk, found again by the next process. The one place that knows Numba from inside.

Numba's own cache wants to write: on a read-only file system it reads nothing, and there a function can't even be
defined. Nor does it see that a kernel of another file has changed which a kernel calls, and two processes that begin at
once may file the code of one signature under another.
"""

# ruff: noqa: SLF001

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import sys
import tempfile
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

__all__ = ["FOLDER_VARIABLE", "cpu_name", "folders", "is_kept", "keep"]

_log = logging.getLogger(__name__)

FOLDER_VARIABLE: Final = "STREAMSHADE_KERNELS"
"""Environment variable that names the one folder that machine code is read from and written to."""

_HERE: Final = Path(__file__).parent
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def folders() -> tuple[Path, ...]:
    """Return where machine code is looked for, in this order; what is compiled goes to the first that can be written.

    It is the folder that `FOLDER_VARIABLE` names, or else the one beside the kernels and the user's cache folder.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return (Path(chosen),)
    beside = _HERE / "__pycache__"
    users = Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache"))  # noqa: PTH111 - raises homeless
    return (beside, users / "streamshade") if users.is_absolute() else (beside,)


def cpu_name() -> str:
    """Return LLVM's name of the CPU that is compiled for: this machine's, unless ``NUMBA_CPU_NAME`` says otherwise."""
    return str(cpu_target.target_context.codegen().magic_tuple()[1])


def keep(dispatcher: Any) -> None:
    """Have Numba look for the machine code of its `dispatcher` on disk before it compiles, and keep it there.

    Does nothing for a function with a closure, whose code follows from more than its file, and for one that was entered
    at a prompt.
    """
    function = dispatcher.py_func
    if function.__closure__ is None and Path(function.__code__.co_filename).is_file():
        dispatcher._cache = _MachineCode(dispatcher)


def is_kept(dispatcher: Any, types: tuple[Any, ...]) -> bool:
    """Tell whether the machine code for arguments of these Numba types is on disk, for this CPU and these versions."""
    return isinstance(dispatcher._cache, _MachineCode) and dispatcher._cache.holds(types)


class _MachineCode:
    """What Numba asks for a function's machine code before it compiles, and hands it to afterwards.

    A file a signature, CPU and Python version, replaced as a whole, so that any number of processes may read and write
    at once. It is good as long as Numba, NumPy, the function's file and the files of the kernels and constants that it
    names stay as they are. What can't be kept is used by this process alone.

    Parameters
    ----------
    dispatcher : numba.core.dispatcher.Dispatcher
        Of a function without a closure that is defined in a file.

    Attributes
    ----------
    source : bytes
        Digest of the file, as it was when the function was defined.
    cache_path : str
        For Numba's statistics: the first of `folders`.
    """

    def __init__(self, dispatcher: Any) -> None:
        function = dispatcher.py_func
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}".replace("<locals>", "")
        self._identity = f"{function.__module__} {function.__qualname__}"
        self._dispatcher = dispatcher
        self.source = hashlib.sha256(Path(function.__code__.co_filename).read_bytes()).digest()
        self.cache_path = str(folders()[0])

    def load_overload(self, signature: tuple[Any, ...], target_context: Any) -> Any:
        """Return what was compiled for a signature; None where it is not there, of another version, or damaged."""
        target_context.refresh()
        code = self._read(signature, target_context.codegen())
        return None if code is None else CompileResult._rebuild(target_context, *pickle.loads(code))

    def save_overload(self, signature: tuple[Any, ...], compiled: Any) -> None:
        """Keep what was compiled. Does nothing but log where no folder can be written."""
        _log.debug("compiled %s for %s", self._name, signature)
        if compiled.library.has_dynamic_globals:
            _log.warning("%s holds a large array or a pointer: compiled anew by each process", self._name)
            return
        code = dumps(compiled._reduce())
        for folder in folders():
            try:
                _replace(folder / self._file(signature, compiled.codegen), self._digest(code) + code)
            except OSError:
                continue
            return
        _warn_once(folders())

    def holds(self, signature: tuple[Any, ...]) -> bool:
        """Tell whether `load_overload` would find the signature."""
        return self._read(signature, cpu_target.target_context.codegen()) is not None

    def flush(self) -> None:
        """Numba calls this before it compiles all over again, which then replaces the files."""

    def _read(self, signature: tuple[Any, ...], codegen: Any) -> bytes | None:
        for folder in folders():
            try:
                content = (folder / self._file(signature, codegen)).read_bytes()
            except OSError:
                continue
            code = content[_DIGEST_BYTES:]
            if self._digest(code) == content[:_DIGEST_BYTES]:
                return code
        return None

    def _file(self, signature: tuple[Any, ...], codegen: Any) -> str:
        key = f"{self._identity} {signature} {codegen.magic_tuple()}"
        return f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.{sys.implementation.cache_tag}.kernel"

    def _digest(self, code: bytes) -> bytes:
        return hashlib.sha256(self._stamp + code).digest()

    @cached_property
    def _stamp(self) -> bytes:
        return _stamp(self._dispatcher)  # not before all names of its module are defined


def _stamp(dispatcher: Any) -> bytes:
    """Return a digest of all that machine code follows from, besides types and CPU."""
    line = dispatcher.py_func.__code__.co_firstlineno
    parts = {f"numba {numba.__version__} {numba.config.BOUNDSCHECK}", f"numpy {np.__version__}", f"line {line}"}
    pending, seen = [dispatcher], set[Any]()
    while pending:
        each = pending.pop()
        seen.add(each)
        function, module = each.py_func, each.py_func.__module__
        parts.add(f"{module} {getattr(each._cache, 'source', 'of no file')!r}")
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, Dispatcher) and value not in seen:
                pending.append(value)
            elif isinstance(value, np.ndarray):
                parts.add(f"{module} {name} {value.dtype} {value.shape} {value.tobytes()!r}")
            elif isinstance(value, int | float | tuple | np.generic):
                parts.add(f"{module} {name} {value!r}")
    return hashlib.sha256("\n".join(sorted(parts)).encode()).digest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file as a whole, or raise `OSError` and leave nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".kernel", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # others may run what root baked into an image
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


@cache
def _warn_once(tried: tuple[Path, ...]) -> None:
    _log.warning(
        "compiled kernels can't be kept: none of %s can be written; each process compiles for itself. "
        "Name a folder in %s, and warm it by `streamshade doctor --warm`",
        ", ".join(map(str, tried)),
        FOLDER_VARIABLE,
    )
