"""How the columns of some rows of one key lie in one piece of memory."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.kernels.pages import PAGE_ROWS, WORD_BYTES

__all__ = ["Layout"]


class Layout:
    """The order of a schema's stored columns in memory: ``time``, the others of 8 bytes, then those of one byte.

    All columns are stored but the key, which is the same for all rows of a key. The values of each lie one after the
    other.

    Parameters
    ----------
    schema : Schema
        What the columns are.

    Attributes
    ----------
    dtypes : dict of str to numpy.dtype
        Types of the stored columns, in the order of the schema.
    starts : dict of str to int
        Where each column begins, in bytes for each row of the memory.
    n_wide : int
        How many columns of 8 bytes there are.
    row_bytes : int
        Memory of one row.
    page_words : int
        Memory of a page, in words of 8 bytes.
    """

    def __init__(self, schema: Schema) -> None:
        self.dtypes: Final = {column.name: column.dtype for column in schema.columns if column.name != schema.key}
        self.starts: Final[dict[str, int]] = {}
        self.row_bytes = 0
        for name in sorted(self.dtypes, key=lambda name: self.dtypes[name].itemsize, reverse=True):
            self.starts[name] = self.row_bytes
            self.row_bytes += self.dtypes[name].itemsize
        self.n_wide: Final = sum(dtype.itemsize == WORD_BYTES for dtype in self.dtypes.values())
        self.page_words: Final = self.row_bytes * PAGE_ROWS // WORD_BYTES

    def columns(self, memory: NDArray[np.int64], n_rows: int) -> dict[str, NDArray[Any]]:
        """Return the first `n_rows` values of each column, as views of the memory of whole pages."""
        room = memory.nbytes // self.row_bytes
        return {
            name: np.ndarray(n_rows, dtype, memory, self.starts[name] * room) for name, dtype in self.dtypes.items()
        }

    def wide(self, memory: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the columns of 8 bytes, int64[n_wide, n_rows], as a view of the memory."""
        return memory[: memory.nbytes // self.row_bytes * self.n_wide].reshape(self.n_wide, -1)
