"""What all pages look like: colours, type, and the style sheets of what is drawn as HTML."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["BUTTONS", "CARD", "PAGE_STYLE", "SHEET", "STACKED_ROWS", "THEME"]

_FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'


def _mode(
    *, ground: str, surface: str, text: str, quiet: str, line: str, accent: str, up: str, down: str, warn: str
) -> dict[str, Any]:
    return {
        "palette": {
            "background": {"default": ground, "paper": surface},
            "text": {"primary": text, "secondary": quiet},
            "divider": line,
            "primary": {"main": accent},
            "success": {"main": up},
            "error": {"main": down},
            "warning": {"main": warn},
        },
        "typography": {"fontFamily": _FONT, "fontSize": 13, "h3": {"fontSize": "1.05rem", "fontWeight": 650}},
        "shape": {"borderRadius": 6},
    }


THEME: Final = {
    "light": _mode(
        ground="#f4f6f8",
        surface="#ffffff",
        text="#17202b",
        quiet="#5a6675",
        line="#dfe4ea",
        accent="#0b62c4",
        up="#0a7d4f",
        down="#c62f3b",
        warn="#9a5b00",
    ),
    "dark": _mode(
        ground="#0d1117",
        surface="#151b23",
        text="#e3e9f0",
        quiet="#97a3b2",
        line="#2a323d",
        accent="#66aefc",
        up="#3fc68a",
        down="#fb7078",
        warn="#e3a33c",
    ),
}
"""Colours of both modes, legible on their ground (contrast 4.5 and more), as a Material UI theme."""

PAGE_STYLE: Final = {
    ".MuiAppBar-root": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    ".MuiToolbar-root": {"minHeight": "48px !important", "px": {"xs": 1.5, "sm": 2.5}},
    ".MuiAppBar-root .title": {"color": "inherit", "letterSpacing": "-0.01em"},
    ".MuiAppBar-root a": {"color": "inherit"},
    ".main": {"backgroundColor": "background.default"},
    ".main-content": {"p": {"xs": 1.25, "sm": 2.5}, "boxSizing": "border-box", "gap": 2},
}
"""A quiet header on the page's own colours, and equal distances."""

BUTTONS: Final[dict[str, Any]] = {
    "size": "small",
    "margin": 0,
    "variant": "outlined",
    "sx": {
        ".MuiToggleButton-root": {
            "textTransform": "none",
            "whiteSpace": "nowrap",
            "fontSize": "0.8rem",
            "px": 1.25,
            "py": 0.4,
        },
    },
}
"""A small group of buttons whose chosen one does not shout."""

CARD: Final = {
    "background": "var(--mui-palette-background-paper)",
    "border": "1px solid color-mix(in srgb, var(--mui-palette-text-primary) 13%, transparent)",
    "border-radius": "6px",
    "padding": "12px 14px",
    "box-sizing": "border-box",
}
"""What a part of a page that is no HTML stands on: the same as `.panel` of `SHEET`."""

SHEET: Final = f"""
:host {{
  --surface: var(--mui-palette-background-paper); --accent: var(--mui-palette-primary-main);
  --text: var(--mui-palette-text-primary); --quiet: var(--mui-palette-text-secondary);
  --line: color-mix(in srgb, var(--text) 13%, transparent);
  --up: var(--mui-palette-success-main); --down: var(--mui-palette-error-main); --warn: var(--mui-palette-warning-main);
  font-family: {_FONT}; font-size: 13px; line-height: 1.45; color: var(--text);
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased;
}}
a {{ color: inherit; text-decoration: none; }}
a:hover {{ color: var(--accent); }}
a:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }}
h2 {{ font-size: 13px; font-weight: 650; margin: 0 0 8px; }}
.quiet {{ color: var(--quiet); }} .up {{ color: var(--up); }} .down {{ color: var(--down); }}
.panel {{ background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px;
  box-sizing: border-box; }}
.scroll {{ overflow-x: auto; scrollbar-width: thin; }}
.number {{ text-align: right; white-space: nowrap; }}
.badge {{ display: inline-flex; align-items: center; gap: 6px; font-weight: 600; white-space: nowrap; }}
.badge::before {{ content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentColor; flex: none; }}
.badge.ok {{ color: var(--up); }} .badge.wait {{ color: var(--warn); }} .badge.bad {{ color: var(--down); }}
table {{ border-collapse: collapse; width: 100%; }}
th {{ font-weight: 500; color: var(--quiet); text-align: left; white-space: nowrap; padding: 0 10px 6px; }}
th.number {{ text-align: right; }}
td {{ padding: 4px 10px; border-top: 1px solid var(--line); white-space: nowrap; }}
th:first-child, td:first-child {{ padding-left: 0; }} th:last-child, td:last-child {{ padding-right: 0; }}
"""
"""For what is drawn as HTML. Numbers keep their width, so nothing moves while they change."""

STACKED_ROWS: Final = """
@media (max-width: 760px) {
  thead { display: none; }
  tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 6px 14px; padding: 8px 0; }
  tr { border-top: 1px solid var(--line); }
  td, td.number { border: 0; padding: 0; text-align: left; } td:first-child { grid-column: 1 / -1; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: 12px; color: var(--quiet); }
}
"""
"""For tables of many columns: on a narrow screen each row becomes a block, and `data-label` of a cell its heading."""
