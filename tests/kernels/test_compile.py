from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from pipelines.kernels.compile import kernel


@kernel
def _add_one(values: np.ndarray) -> None:
    for position in range(len(values)):
        values[position] += 1


def test_a_kernel_and_its_python_function_do_the_same() -> None:
    compiled, plain = np.arange(3), np.arange(3)
    _add_one(compiled)
    _add_one.py_func(plain)
    assert compiled.tolist() == plain.tolist() == [1, 2, 3]


def test_kernels_run_as_plain_python_where_compiling_is_off() -> None:
    program = (
        "import numpy as np\n"
        "from pipelines.kernels.latest import latest_rows as k\n"
        "newest, n_rows, rows, codes = np.zeros((4, 2), np.int64)\n"
        "k(0, np.array([1, 0, 1], np.int32), np.array([5, 6, 7]), newest, n_rows, rows, codes)\n"
        "print(rows.tolist(), k.py_func is k)\n"
    )
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 2] True\n"
