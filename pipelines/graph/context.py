"""What the nodes of one feed's graph share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.core.clock import Clock
from pipelines.core.errors import ErrorPolicy, is_fatal
from pipelines.core.ledger import Ledger
from pipelines.graph.skew import SkewEstimate
from pipelines.store.table import Table

__all__ = ["Context", "NodeFault"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class NodeFault:
    """How often a node has failed, and how it failed last."""

    n_errors: int = 0
    newest: str = ""


@dataclass(slots=True)
class Context:
    """The state that a graph writes to.

    Parameters
    ----------
    clock : Clock
        Where the time comes from.
    ledger : Ledger
        Where records are counted.
    tables : mapping of str to Table
        Where rows are stored, by kind.
    skew : SkewEstimate
        How far the source's clock is from ours.

    Notes
    -----
    *Threads.* The writer's only. Readers may look at `faults` and `stopped_by`.
    """

    clock: Clock
    ledger: Ledger
    tables: Mapping[str, Table]
    skew: SkewEstimate
    faults: dict[str, NodeFault] = field(default_factory=dict)
    stopped_by: str = ""

    def fault(self, node: str, policy: ErrorPolicy, error: BaseException) -> None:
        """Note that `node` failed, and stop the feed where its policy or the kind of error asks for it.

        The first failure of a node is logged with its traceback; the rest are counted, so that a poisoned stream can't
        fill the log.
        """
        fault = self.faults.setdefault(node, NodeFault())
        fault.n_errors += 1
        fault.newest = f"{type(error).__name__}: {error}"
        if fault.n_errors == 1:
            _log.error("node %s failed and goes on by its policy %r", node, policy, exc_info=error)
        if policy == "stop" or is_fatal(error):
            self.stopped_by = f"{node}: {fault.newest}"
