"""A source is one URL. It is parsed here because in an MQTT topic filter ``#`` is no fragment and ``+`` no space."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from pipelines.core.clock import parse_duration_ns
from pipelines.core.errors import SpecError
from pipelines.core.schema import KINDS, schema_of

__all__ = ["TIME_UNITS_NS", "SourceSpec", "expand", "nearest", "parse_source"]

TIME_UNITS_NS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}

_N_HINTS: Final = 20
_COMMON_OPTIONS: Final = frozenset(
    {"format", "kind", "map", "time_unit", "key", "symbol", "struct", "name", "max_ahead"}
)
_SHAPE: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?"
)
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as its URL declares it.

    Parameters
    ----------
    scheme, host, path : str
        Parts of the URL, decoded. The path has no leading slash, except for files.
    port : int or None
        None where the URL names none.
    user, password : str or None
        In neither `repr` nor `redacted`. A password is never shown; a user may be named where the broker refuses it.
    name : str
        What the feed is called on pages and in metrics.
    format : str
        How messages are written; empty where the scheme decides.
    kinds : tuple of str
        The kinds of rows that are wanted; others never enter the ledger.
    declared : bool
        Whether the URL named the kinds. Otherwise `kinds` are all there are.
    fields : mapping of str to str
        From our column to the field of the message that holds it, where the two differ.
    time_unit_ns : int or None
        Nanoseconds in one unit of a message's numeric times; None where the format decides.
    key : str
        The field that, with the symbol or sensor, makes a record unique; empty where none is declared.
    symbol : str
        The symbol or sensor of messages that name none.
    struct : str
        Fields of a record of the format ``packed``, such as ``time:i8,symbol:S16,price:f8``; empty for the default.
    max_ahead_ns : int
        A row further ahead of the clock than this is rejected.
    options : mapping of str to str
        What only this scheme understands.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    name: str = ""
    format: str = ""
    kinds: tuple[str, ...] = tuple(KINDS)
    declared: bool = False
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    time_unit_ns: int | None = None
    key: str = ""
    symbol: str = ""
    struct: str = ""
    max_ahead_ns: int = 60 * 1_000_000_000
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def redacted(self) -> str:
        """The source's address without its user, password and options: safe to show."""
        port = "" if self.port is None else f":{self.port}"
        path = self.path if self.path.startswith("/") or not self.path else f"/{self.path}"
        return f"{self.scheme}://{self.host}{port}{path}"

    def option(self, name: str, default: str) -> str:
        """Return an option of the scheme, or `default` where the URL doesn't set it."""
        return self.options.get(name, default)

    def number(self, name: str, default: float, *, minimum: float = 0.0) -> float:
        """Return a numeric option of the scheme; raises `SpecError` where it is no number of at least `minimum`."""
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not minimum <= value < float("inf"):
            raise SpecError(f"{name}={text} in {self.redacted}: expected a number of at least {minimum:g}")
        return value

    def whole(self, name: str, default: int, *, minimum: int = 0) -> int:
        """Return a numeric option that must be a whole number; raises `SpecError` where it is not."""
        value = self.number(name, default, minimum=minimum)
        if value != int(value):
            raise SpecError(f"{name}={self.options[name]} in {self.redacted}: expected a whole number")
        return int(value)


def parse_source(url: str, *, known_options: Mapping[str, Iterable[str]], formats: Iterable[str]) -> SourceSpec:
    """Read the URL of a source.

    Parameters
    ----------
    url : str
        Such as ``mqtt://user:${PASSWORD}@host:1883/binance/#?format=binance&kind=trades``. ``${NAME}`` is taken from
        the environment.
    known_options : mapping of str to iterable of str
        The options that each scheme understands besides those that all share.
    formats : iterable of str
        The formats that can be decoded.

    Raises
    ------
    SpecError
        Where the URL is malformed, or names a scheme, option, format or kind that there is not. No secret is quoted.
    """
    match = _SHAPE.fullmatch(url.strip())
    if match is None:
        raise SpecError("a source is one URL, such as mqtt://127.0.0.1:1883/topic/#?format=json&kind=trades")
    scheme = match["scheme"]
    if scheme not in known_options:
        raise SpecError(f"unknown source {scheme}://{nearest(scheme, known_options)}")
    user, password, host, port = _authority(match["authority"])
    path = unquote(match["path"] or "")
    options = _query(match["query"] or "", _COMMON_OPTIONS | set(known_options[scheme]))
    common = {name: options.pop(name) for name in _COMMON_OPTIONS & options.keys()}
    format_name = common.get("format", "")
    if format_name and format_name not in formats:
        raise SpecError(f"unknown format {format_name!r}{nearest(format_name, formats)}")
    time_unit = common.get("time_unit")
    if time_unit is not None and time_unit not in TIME_UNITS_NS:
        raise SpecError(f"time_unit={time_unit}: expected one of {', '.join(TIME_UNITS_NS)}")
    kinds = tuple(schema_of(kind).kind for kind in common["kind"].split(",")) if "kind" in common else tuple(KINDS)
    return SourceSpec(
        scheme=scheme,
        host=host,
        port=port,
        path=path if scheme == "file" else path.removeprefix("/"),
        user=user,
        password=password,
        name=common.get("name") or _default_name(scheme, host, path),
        format=format_name,
        kinds=kinds,
        declared="kind" in common,
        fields=MappingProxyType(_fields(common.get("map", ""))),
        time_unit_ns=None if time_unit is None else TIME_UNITS_NS[time_unit],
        key=common.get("key", ""),
        symbol=common.get("symbol", ""),
        struct=common.get("struct", ""),
        max_ahead_ns=parse_duration_ns(common.get("max_ahead", "1m")),
        options=MappingProxyType(options),
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that `name` may have been meant for, or at what there is."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    others = f" and {len(names) - _N_HINTS:,} others" if len(names) > _N_HINTS else ""
    return f": there are {', '.join(names[:_N_HINTS])}{others}" if names else ""


def _authority(text: str) -> tuple[str | None, str | None, str, int | None]:
    login, _, place = text.rpartition("@")
    user, _, password = login.partition(":")
    host, colon, digits = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon:
        host, digits = place, ""
    if digits and not (digits.isdecimal() and 0 < int(digits) < 65_536):
        raise SpecError(  # which is not quoted: it may be a password
            "the port of the source's URL is no number from 1 to 65535; in a user or password write %2F for a slash, "
            "%3F for a question mark, %40 for an at sign and %3A for a colon"
        )
    return (
        unquote(expand(user)) if user else None,
        unquote(expand(password)) if password else None,
        host.strip("[]"),
        int(digits) if digits else None,
    )


def expand(text: str) -> str:
    """Return a text with what the environment holds for each ``${NAME}``; raises `SpecError` where it holds nothing."""

    def value(match: re.Match[str]) -> str:
        try:
            return os.environ[match[1]]
        except KeyError:
            raise SpecError(f"the URL wants ${{{match[1]}}}, which is not set in the environment") from None

    return _VARIABLE.sub(value, text)


def _query(text: str, known: frozenset[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, equals, value = part.partition("=")
        if name not in known:
            raise SpecError(f"unknown option {name!r} of the source{nearest(name, known)}")
        if not equals or not value:
            raise SpecError(f"the option {name!r} of the source has no value: write {name}=VALUE")
        options[name] = unquote(value)
    return options


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    columns = {name for schema in KINDS.values() for name in schema.names}
    for part in filter(None, text.split(",")):
        column, _, source_field = part.partition(":")
        if not source_field or column not in columns:
            raise SpecError(f"map={part}: expected COLUMN:FIELD, such as map=time:T,price:p,size:q")
        fields[column] = source_field
    return fields


def _default_name(scheme: str, host: str, path: str) -> str:
    if scheme == "file":
        return path.rsplit("/", 1)[-1].split(".")[0]
    return (path.strip("/#") if scheme == "mqtt" else f"{host}{path}") or scheme
