"""After `warm` nothing is compiled any more, in no process, also where nothing can be written (R19)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
import pytest

from pipelines.kernels.compile import kernel
from pipelines.kernels.machine_code import FOLDER_VARIABLE, folders
from pipelines.kernels.warm import kernels, parse_types, states, warm
from tests.programs import in_ci

ROOT: Final = Path(__file__).parents[2]
N_PROCESSES: Final = 4
OWN_WORK_S: Final = 1.0

FIRST_FRAME: Final = """
import json, sys, time
from numba.core.registry import cpu_target
from tests.kernels import real_paths
from pipelines.kernels.machine_code import folders
from pipelines.kernels.warm import n_compiled, warm
cpu_target.typing_context.refresh(), cpu_target.target_context.refresh()  # Numba sets itself up
begin_s, cpu_begin_s = time.perf_counter(), time.process_time()
real_paths.first_frame()
taken = {"first_frame_s": time.perf_counter() - begin_s, "cpu_s": time.process_time() - cpu_begin_s}
warm()
try:
    (folders()[0] / "new").touch()
    taken["writable"] = True
except OSError:
    taken["writable"] = False
print(json.dumps(taken | {"n_compiled": n_compiled()}))
"""


def test_warm_compiles_what_is_cold_and_then_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))

    def begin() -> None:  # as a new process does
        ours = (f"latest.{name}" for name in ("latest_rows", "ring_bins"))
        fresh = {name: kernel(*kernels()[name].declared)(kernels()[name].py_func) for name in ours}
        monkeypatch.setattr("pipelines.kernels.warm.kernels", lambda: fresh)

    begin()
    assert [(state.n_declared, state.n_warm) for state in states()] == [(1, 0), (1, 0)]
    seen: list[Any] = []
    assert warm(lambda steps: seen.extend(steps) or steps) == len(seen) == 2
    begin()
    assert [(state.n_declared, state.n_warm) for state in states()] == [(1, 1), (1, 1)]
    assert warm() == 0


@pytest.mark.parametrize("declared", sorted({types for each in kernels().values() for types in each.declared}))
def test_a_declaration_can_be_read(declared: str) -> None:
    assert len(parse_types(declared)) > 0


def test_types_are_those_that_numba_sees() -> None:
    read_only = np.zeros((2, 2), np.int32)
    read_only.flags.writeable = False
    arguments = (read_only, np.zeros(2), 1, 1.0, True, (np.zeros(1, np.uint8),) * 3)
    declared = "const int32[:, :], float64[:], int64, float64, bool, uint8[:] x 3"
    assert parse_types(declared) == tuple(map(numba.typeof, arguments))


@pytest.mark.parametrize("wrong", ["", "int32[]", "const", "int32[:,:]", "int32[:] float64"])
def test_what_is_no_declaration_is_refused(wrong: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_types(wrong)


def test_a_kernel_that_declares_nothing_is_left_to_those_that_call_it() -> None:
    assert kernel(lambda value: value).declared == ()
    assert "pages._block_of" not in {state.name for state in states()}


@pytest.fixture(scope="module")
def warmed() -> tuple[Path, ...]:
    """Warm all kernels where they belong, and return the folders that their machine code is in."""
    warm()
    assert all(state.n_warm == state.n_declared for state in states())
    return folders()


def test_what_the_product_does_needs_no_other_types(warmed: tuple[Path, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernels.real_paths"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "", "declare these, or call the kernel with those that it declares"


def test_four_processes_draw_at_once_from_a_read_only_place_and_compile_nothing(
    warmed: tuple[Path, ...], tmp_path: Path
) -> None:
    baked = tmp_path / "kernels"
    baked.mkdir()
    for file in (file for folder in reversed(warmed) for file in folder.glob("*.kernel")):
        shutil.copy(file, baked)
    baked.chmod(0o555)
    environment = os.environ | {FOLDER_VARIABLE: str(baked), "XDG_CACHE_HOME": str(tmp_path / "none")}
    command = [*bound_by_modes(baked), sys.executable, "-c", FIRST_FRAME]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(N_PROCESSES)
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * N_PROCESSES
    told = [json.loads(text.splitlines()[-1]) for text in said]
    assert [(each["n_compiled"], each["writable"]) for each in told] == [(0, False)] * N_PROCESSES
    assert min(each["cpu_s"] for each in told) < OWN_WORK_S, told


def bound_by_modes(folder: Path) -> Sequence[str]:
    """Return what makes a command respect that `folder` is read-only: root does so only without a capability."""
    command = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    try:
        touched = subprocess.run([*command, "touch", str(folder / "new")], capture_output=True, check=False)
        dropped = touched.returncode != 0 and not (folder / "new").exists() and b"touch" in touched.stderr
    except FileNotFoundError:
        dropped = False
    if not dropped:
        reason = "root can't give up writing to read-only folders here: needs setpriv and the capability SETPCAP"
        (pytest.fail if in_ci() else pytest.skip)(reason)
    return command
