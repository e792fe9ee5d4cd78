"""The ways to install streamshade agree with each other and with what the code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).parents[2]
PYTHONS: Final = ("3.11", "3.12", "3.13")

CONDA_NAMES: Final = {"prometheus_client": "prometheus-client"}
"""What conda-forge calls otherwise than PyPI does."""

EXTRAS: Final = ("redis",)
"""What some sources and addresses need, and is said in words where it is missing."""

WITH_A_GPU: Final = {"cudf"}
"""Used where there is one, and too bound to its driver to be declared."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def conda() -> list[str]:
    declared = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    plain = [line for line in declared if isinstance(line, str)]
    (by_pip,) = [line["pip"] for line in declared if isinstance(line, dict)]
    return plain + by_pip


def ranges(lines: list[str]) -> dict[str, SpecifierSet]:
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(CONDA_NAMES.get(each.name, each.name)): each.specifier for each in requirements}


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def imported_modules(root: Path) -> Iterator[str]:
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_conda_installs_the_same_libraries_in_the_same_ranges(project: dict[str, Any], conda: list[str]) -> None:
    ours = [line for line in conda if not line.startswith(("python>", "pip", "-e"))]
    assert ranges(ours) == ranges(project["dependencies"])


def test_conda_installs_the_same_python(project: dict[str, Any], conda: list[str]) -> None:
    (python,) = [Requirement(line) for line in conda if line.startswith("python>")]
    assert python.specifier == SpecifierSet(project["requires-python"])


def test_conda_installs_the_checkout_itself(conda: list[str]) -> None:
    assert "-e ." in conda


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_one_tested_version_on_every_python(project: dict[str, Any], python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    tested: dict[str, Version] = {}
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate(environment):
            assert canonicalize_name(pin.name) not in tested, f"{pin.name} is pinned twice on Python {python}"
            (specifier,) = pin.specifier
            tested[canonicalize_name(pin.name)] = Version(specifier.version)
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for name, specifier in ranges(project["dependencies"] + extras).items():
        assert tested[name] in specifier, f"{name} {tested[name]} is outside {specifier}"


def test_the_python_of_this_run_is_supported(project: dict[str, Any]) -> None:
    version = Version(".".join(map(str, sys.version_info[:3])))
    assert version in SpecifierSet(project["requires-python"])
    declared = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    assert declared == set(PYTHONS)


@pytest.mark.parametrize("package", ["pipelines", "dashboards"])
def test_every_library_that_is_imported_is_declared(project: dict[str, Any], package: str) -> None:
    extras = [line for extra in EXTRAS for line in project["optional-dependencies"][extra]]
    declared = set(ranges(project["dependencies"] + extras)) | {"streamshade"}
    known = packages_distributions()
    ours = {"pipelines", "dashboards", *sys.stdlib_module_names}
    for module in set(imported_modules(ROOT / package)) - ours - WITH_A_GPU:
        distributions = {canonicalize_name(name) for name in known.get(module, [module])}
        assert distributions & declared, f"{package} imports {module}, which pyproject.toml does not declare"
