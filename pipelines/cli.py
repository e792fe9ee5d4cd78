"""The command ``streamshade``."""

from __future__ import annotations

import gc
import sys
from math import isfinite
from pathlib import Path
from typing import Any, Final

import click

from pipelines.core.errors import StreamshadeError

__all__ = ["main"]

_INTERRUPTED: Final = 130
"""Exit code of a command that was ended by Ctrl-C, as shells count."""

_PANEL_OPTIONS: Final = "streamshade.panel_options"
"""Where a command keeps what follows ``--``."""

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}

_TO: Final = click.option(
    "--to", "url", required=True, metavar="URL", help="Broker and topic: mqtt://[user:password@]host[:port]/topic"
)
_QOS: Final = click.option(
    "--qos", type=click.IntRange(0, 1), default=0, show_default=True, help="MQTT quality of service."
)

_SOURCE: Final = click.option(
    "--source", "sources", multiple=True, metavar="URL", help="Where messages come from; again for several feeds."
)
_WINDOW: Final = click.option(
    "--window", default="30m", show_default=True, help="How long rows are kept, by event time."
)
_MEMORY: Final = click.option(
    "--memory", default="4G", show_default=True, help="Most memory that the rows of all feeds may take."
)


class _Commands(click.Group):
    """A group whose commands end in one clear line where streamshade raises on purpose."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StreamshadeError as error:
            raise click.ClickException(str(error)) from error


class _Finite(click.FloatRange):
    """A number that is neither NaN nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        return number if isfinite(number) else self.fail(f"{value!r} is no finite number", param, ctx)


class _WithPanelOptions(click.Command):
    """A command that keeps what follows ``--`` apart from its own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, rest = args, list[str]()
        if "--" in args:
            place = args.index("--")
            own, rest = args[:place], args[place + 1 :]
        ctx.meta[_PANEL_OPTIONS] = rest
        return super().parse_args(ctx, own)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="streamshade", prog_name="streamshade")
def main() -> None:
    """Live dashboards for streams of millions of points."""


@main.command(cls=_WithPanelOptions)
@click.argument("pages", nargs=-1, metavar="[PAGE]... [-- PANEL OPTIONS]...")
@_SOURCE
@click.option("--port", type=click.IntRange(0, 65_535), default=5006, show_default=True, help="Port to listen at.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--from",
    "collector",
    metavar="URL",
    help="Show the feeds of a `streamshade collect` instead: redis://host/name or unix:///path.",
)
@click.option(
    "--feed-process",
    is_flag=True,
    help="Run the feeds in a process of their own; with -- --num-procs N, N processes show them.",
)
@_WINDOW
@_MEMORY
@click.pass_context
def serve(
    ctx: click.Context,
    pages: tuple[str, ...],
    sources: tuple[str, ...],
    port: int,
    address: str,
    collector: str | None,
    feed_process: bool,
    window: str,
    memory: str,
) -> None:
    """Serve live dashboards; without a source, of a simulated market on a broker of its own.

    PAGE is overview, market, status or a file of your own; without any, all of ours are served. What follows -- is
    handed on to `panel serve`.
    """
    if collector and (sources or feed_process):
        raise click.UsageError("--from shows feeds that a collector has: leave out --source and --feed-process")
    options: list[str] = ctx.meta[_PANEL_OPTIONS]
    gc.disable()  # looking for garbage among what is imported is a seventh of the start
    try:
        from pipelines.live.serve import serve as run

        run(
            pages,
            sources=sources,
            port=port,
            address=address,
            collector=collector,
            feed_process=feed_process,
            window=window,
            memory=memory,
            panel_options=options,
        )
    finally:
        gc.enable()


@main.command()
@_SOURCE
@click.option(
    "--to", "url", required=True, metavar="URL", help="Where servers find the feeds: redis://host/name or unix:///path."
)
@_WINDOW
@_MEMORY
@click.option("--parent", "parent_pid", type=int, hidden=True, help="End with this process.")
def collect(sources: tuple[str, ...], url: str, window: str, memory: str, parent_pid: int | None) -> None:
    """Run feeds without pages, for any number of `streamshade serve --from URL` to show.

    Pictures are drawn and encoded here, once for all servers and viewers. Ctrl-C ends it.
    """
    from pipelines.live.collect import collect as run
    from pipelines.live.collect import declare_feeds

    declare_feeds(sources, window=window, memory=memory)
    run(url, parent_pid=parent_pid, say=click.echo)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_TO
@click.option(
    "--speed",
    type=_Finite(min=0),
    default=1.0,
    show_default=True,
    help="1 is the recorded pace, by receive clock; 0 is unpaced.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@_QOS
def replay(files: tuple[Path, ...], url: str, speed: float, loop: bool, qos: int) -> None:
    """Publish recordings, one after the other, to an MQTT broker.

    A line of a recording is a receive clock in nanoseconds and a message, or just a message. The message is published
    as it is.
    """
    from pipelines.demo.progress import publish_all
    from pipelines.demo.publish import Publisher, parse_target
    from pipelines.demo.replay import recorded

    target = parse_target(url)
    if not publish_all(Publisher(target, qos=qos), recorded(files, topic=target.path, loop=loop), speed=speed):
        sys.exit(_INTERRUPTED)


@main.command()
@_TO
@click.option(
    "--rate",
    type=_Finite(min=0, min_open=True),
    default=100_000.0,
    show_default=True,
    help="Ticks a second, trades and quotes together.",
)
@click.option(
    "--symbols", type=click.IntRange(1, 65_536), default=50, show_default=True, help="How many symbols trade."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["json", "packed"]),
    default="json",
    show_default=True,
    help="How messages are written.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Equal seeds, equal prices.")
@click.option("--seconds", type=_Finite(min=0, min_open=True), help="End after so long, not by Ctrl-C.")
@_QOS
def simulate(url: str, rate: float, symbols: int, format_name: str, seed: int, seconds: float | None, qos: int) -> None:
    """Publish a simulated market to an MQTT broker: trades to TOPIC/trades, quotes to TOPIC/quotes."""
    from pipelines.demo.progress import publish_all
    from pipelines.demo.publish import Publisher, parse_target
    from pipelines.demo.simulate import simulated

    target = parse_target(url)
    messages = simulated(
        topic=target.path, rate_hz=rate, n_symbols=symbols, seed=seed, format_name=format_name, seconds=seconds
    )
    if not publish_all(Publisher(target, qos=qos), messages):
        sys.exit(_INTERRUPTED)


@main.command()
@click.option("--source", "sources", multiple=True, metavar="URL", help="Connect to this one too; again for several.")
@click.option("--warm", "compile_cold", is_flag=True, help="Compile the kernels that are cold, before looking.")
def doctor(sources: tuple[str, ...], compile_cold: bool) -> None:
    """Say what is installed, reachable, writable and warm, and what to do where something is not.

    Ends with 1 where something is broken. Kernels are warm when their machine code is on disk: beside the package, in
    the user's cache folder, or in the one folder that STREAMSHADE_KERNELS names.
    """
    from tqdm import tqdm

    from pipelines.doctor import examine
    from pipelines.kernels.warm import warm

    if compile_cold:
        warm(lambda steps: tqdm(steps, desc="compiling", unit=" signatures", disable=None))
    broken = False
    for finding in examine(sources):
        broken = broken or finding.level == "fail"
        level = click.style(f"{finding.level:<5}", fg=_COLOURS[finding.level])
        click.echo(f"{level} {finding.subject:<12} {finding.text}")
    if broken:
        sys.exit(1)
