"""Publishing from a terminal: progress while it goes on, one line of summary when it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable

import click
from tqdm import tqdm

from pipelines.core.clock import NS_PER_SECOND, SystemClock
from pipelines.demo.publish import Outgoing, Publisher, paced

__all__ = ["publish_all"]


def publish_all(publisher: Publisher, messages: Iterable[Outgoing], *, speed: float = 1.0) -> bool:
    """Connect, publish all messages at their pace, and say on the standard error how far it is and how it went.

    Parameters
    ----------
    publisher : Publisher
        Not yet connected.
    messages : iterable of Outgoing
        Not begun before the connection is made.
    speed : float
        How many times faster than recorded; 0 is unpaced.

    Returns
    -------
    bool
        False where it was interrupted by Ctrl-C or SIGTERM. What had not left by then is not counted.

    Raises
    ------
    SourceError
        Where there is no broker, or it is lost.
    """
    clock = SystemClock()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a supervisor gets the same summary as Ctrl-C
    publisher.connect()
    begin_ns = clock.monotonic_ns()
    n_rows, completed = 0, True
    try:
        with tqdm(unit=" messages", unit_scale=True, disable=None, mininterval=0.5) as bar:
            for message in paced(messages, wait=threading.Event().wait, speed=speed):
                publisher.publish(message.topic, message.payload)
                n_rows += message.n_rows
                if bar.update() and n_rows:
                    elapsed_s = (clock.monotonic_ns() - begin_ns) / NS_PER_SECOND
                    bar.set_postfix_str(f"{n_rows / elapsed_s:,.0f} ticks/s", refresh=False)
            publisher.flush()
    except KeyboardInterrupt:
        completed = False
    finally:
        publisher.close()
    elapsed_s = (clock.monotonic_ns() - begin_ns) / NS_PER_SECOND
    click.echo(_summary(publisher, n_rows, elapsed_s), err=True)
    return completed


def _summary(publisher: Publisher, n_rows: int, elapsed_s: float) -> str:
    done = publisher.statistics()
    rate = f"{done.n_messages / elapsed_s:,.0f} messages/s"
    if n_rows:
        rate += f", {n_rows / elapsed_s:,.0f} ticks/s"
    lost = f"; {done.n_lost:,} lost with a connection (QoS 1 sends them again)" if done.n_lost else ""
    size = f"{done.n_bytes / 1e6:,.1f} MB"
    where = publisher.target.redacted
    return f"published {done.n_messages:,} messages ({size}) to {where} in {elapsed_s:.1f} s: {rate}{lost}"
