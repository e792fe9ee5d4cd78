"""What every file keeps to: exact names, modest sizes, nothing of the machine that it was written on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = sorted(path for path in (ROOT / "pipelines").rglob("*.py") if path.name != "__init__.py")
IMPORTED: Final = [path for path in MODULES if path.name != "__main__.py"]
PACKAGES: Final = sorted((ROOT / "pipelines").glob("*/**/__init__.py"))
PAGES: Final = sorted((ROOT / "dashboards").glob("*.py"))

MAX_MODULE_LINES: Final = 300
MAX_PAGE_LINES: Final = 80
MAX_FUNCTION_LINES: Final = 60

FOREIGN: Final = re.compile(r"(?<![\w.])/(?:work|root)/|index[-_]url|find[-_]links|python[h]osted|pypi\.[o]rg/simple")
"""A path of one machine, or the host of a package index."""


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


def public_definitions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [] if is_command(node) else [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether `node` is reached through the command line, not by its name."""
    return any(ast.unparse(decorator).startswith("main.command(") for decorator in node.decorator_list)


def declared_names(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def written_files() -> Iterator[Path]:
    folders = (ROOT / name for name in (".ci", "dashboards", "docs", "pipelines", "tests"))
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize("path", named(IMPORTED))
def test_a_module_lists_exactly_its_public_names(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert sorted(declared_names(tree)) == sorted(set(public_definitions(tree)))


@pytest.mark.parametrize("path", named(MODULES))
def test_a_module_is_small_and_so_are_its_functions(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


@pytest.mark.parametrize("path", named(PACKAGES))
def test_a_name_has_one_import_path(path: Path) -> None:
    assert path.read_text() == ""


@pytest.mark.parametrize("path", named(PAGES))
def test_a_page_is_a_page(path: Path) -> None:
    assert len(path.read_text().splitlines()) < MAX_PAGE_LINES


def test_only_pages_are_published() -> None:
    assert [path.name for path in (ROOT / "dashboards").glob("_*.py")] == []


def test_no_file_names_a_machine_or_an_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in written_files()
        if (match := FOREIGN.search(path.read_bytes().decode(errors="ignore")))
    ]
    assert found == []


def test_the_tested_versions_name_no_place() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
