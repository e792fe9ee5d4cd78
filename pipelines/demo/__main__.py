"""The demo's child process: the broker, and the simulated market that publishes to it, until the parent is gone.

Run as ``python -m pipelines.demo PARENT_PID RATE_HZ N_SYMBOLS SEED``. The first line that it prints is the port.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Final

from pipelines.demo.broker import EmbeddedBroker
from pipelines.demo.process import TOPIC
from pipelines.demo.publish import Outgoing, Publisher, paced, parse_target
from pipelines.demo.simulate import simulated

__all__ = ["main"]

_PARENT_CHECK_S: Final = 0.1


async def _serve(messages: Iterable[Outgoing], parent_pid: int) -> None:
    stopping = threading.Event()
    broker = EmbeddedBroker()
    port = await broker.start()
    publishing = asyncio.create_task(asyncio.to_thread(_publish, messages, port, stopping))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(port, flush=True)
    # asked, not told: no signal comes when a parent dies, and every fork of it would hold the end of a pipe
    while not stopping.is_set() and not publishing.done() and os.getppid() == parent_pid:
        await asyncio.sleep(_PARENT_CHECK_S)
    stopping.set()
    await publishing
    await broker.stop()


def _publish(messages: Iterable[Outgoing], port: int, stopping: threading.Event) -> None:
    publisher = Publisher(parse_target(f"mqtt://127.0.0.1:{port}/{TOPIC}"))
    publisher.connect()
    for message in paced(messages, wait=stopping.wait):
        publisher.publish(message.topic, message.payload)
    publisher.close()


def main(arguments: list[str]) -> None:
    """Run the demo's broker and market."""
    parent_pid, rate_hz, n_symbols, seed = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which stops us
    messages = simulated(topic=TOPIC, rate_hz=float(rate_hz), n_symbols=int(n_symbols), seed=int(seed))
    asyncio.run(_serve(messages, int(parent_pid)))


if __name__ == "__main__":
    main(sys.argv[1:])
