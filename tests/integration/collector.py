"""A collector that is killed: runs a feed, writes down what it stored, and ends itself by SIGKILL where it is told to.

``python -m tests.integration.collector URL FILE [before|after N]``: at the N-th stored row, before or after the append.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from pipelines.core.batch import Batch
from pipelines.live.feed import Feed
from pipelines.live.feeds import declare


def main(url: str, file: str, when: str = "", n_rows: str = "0") -> None:
    """Run until killed, or until standard input ends."""
    (spec,) = declare([url])
    feed = Feed(spec)
    (kind,) = feed.tables
    table = feed.tables[kind]
    append, journal = table.append, os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append_and_note(batch: Batch) -> None:
        due = when and table.n_rows + len(batch) >= int(n_rows)
        if due and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        append(batch)
        os.write(journal, "".join(f"{int(value)}\n" for value in batch["value"]).encode())
        os.fsync(journal)
        if due and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    table.append = append_and_note  # type: ignore[method-assign]
    feed.start()
    threading.Thread(target=lambda: (sys.stdin.read(), feed.stop(), os._exit(0)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
