"""Imports run experiments -> agents -> abm and never back, and the command line starts light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import abm

ROOT = Path(abm.__file__).resolve().parent.parent
FORBIDDEN = {"abm": {"agents", "experiments"}, "agents": {"experiments"}}
HEAVY = ("mesa", "numba", "pandas", "matplotlib", "scipy", "networkx")


def imported_packages(source: str) -> set[str]:
    """Return the top-level packages that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_finder_sees_every_form_of_import():
    source = """
import os.path, agents.whale as w
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from experiments.build import build
def later():
    from scipy import stats
from . import sibling
"""
    assert imported_packages(source) == {"os", "agents", "typing", "experiments", "scipy"}


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_run_one_way(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    backwards = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported_packages(path.read_text("utf-8")) & FORBIDDEN[package]
    }
    assert not backwards


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["scenarios"], ["reproduce"]])
def test_command_line_starts_without_heavy_imports(arguments):
    program = (
        "import sys\n"
        "import experiments.cli\n"
        f"sys.argv = ['undertow', *{arguments!r}]\n"
        "try:\n"
        "    experiments.cli.main()\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        f"print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded: []"
