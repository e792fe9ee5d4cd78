"""Every kernel is tested by itself, declares the types that it is compiled for, and works as plain Python."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from pipelines.kernels.warm import kernels

ROOT: Final = Path(__file__).parents[2]
KERNELS: Final = ROOT / "pipelines" / "kernels"


def used_kernels(paths: Iterable[Path]) -> set[str]:
    """Return the names in kernel modules that files import, or reach through an imported module."""
    return {name for path in paths for name in _used_names(ast.parse(path.read_text()))}


def _used_names(tree: ast.Module) -> Iterator[str]:
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "pipelines.kernels":
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines.kernels."):
            yield from (f"{(node.module or '').rpartition('.')[2]}.{alias.name}" for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield f"{modules[node.value.id]}.{node.attr}"


HELD_BY: Final = {
    "bars.merge_bars": "tests/aggregates/test_bars.py",
    "polyline.draw_columns": "tests/aggregates/test_draw_line.py",
}
"""Where a kernel is held against what it must equal, if not in tests/kernels by itself."""

SLOW: Final = "datashader or hundreds or million or reader or recorded or spike or thousand"
"""In the names of tests, what takes minutes as plain Python. Datashader itself is compiled by Numba."""

TESTED: Final = used_kernels((ROOT / "tests" / "kernels").glob("test_*.py"))
CALLERS: Final = (path for path in (ROOT / "pipelines").rglob("*.py") if KERNELS not in path.parents)
CALLED: Final = sorted(kernels().keys() & used_kernels(CALLERS))
"""What only kernels call is tested and compiled with them."""


@pytest.mark.parametrize("name", CALLED)
def test_a_kernel_is_held_against_a_twin(name: str) -> None:
    elsewhere = name in HELD_BY and (ROOT / HELD_BY[name]).exists()
    assert elsewhere or name in TESTED, "call it in tests/kernels, and compare it with NumPy or plain Python"


@pytest.mark.parametrize("name", CALLED)
def test_a_kernel_that_python_calls_declares_its_types(name: str) -> None:
    assert kernels()[name].declared, "without a declaration `warm` leaves it cold"


def test_kernels_and_aggregates_pass_their_tests_as_plain_python() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=few"]
    wraps = [f"ignore:overflow encountered in scalar {what}:RuntimeWarning" for what in ("multiply", "add")]
    unsigned = [word for wrap in wraps for word in ("-W", wrap)]  # hashes, and numbers that are too long, wrap around
    left_out = ["--ignore=tests/kernels/test_machine_code.py", "--ignore=tests/kernels/test_warm.py"]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    chosen = ["-k", f"not ({SLOW})", "tests/kernels", "tests/aggregates"]
    done = subprocess.run(
        [*command, *unsigned, *left_out, *chosen],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
