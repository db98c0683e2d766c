"""What is installed is what stands in the checkout: modules, scenarios, presets, targets, type marker."""

from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path

import pytest

from experiments.scenarios import available

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("abm", "agents", "experiments")


def test_scenarios_are_found_beside_the_code():
    assert set(available()) >= {"calm", "covid-2020", "october-2025"}


def test_the_wheel_holds_every_file_of_the_packages():
    try:
        installed = {path.as_posix() for path in files("undertow") or ()}
    except PackageNotFoundError:
        pytest.skip("undertow is not installed, only importable")
    if not any(name.startswith("abm/") for name in installed):
        pytest.skip("undertow is installed in editable mode")
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert wanted
    assert not wanted - installed


def test_versions_agree():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    number = project.split('\nversion = "', 1)[1].split('"', 1)[0]
    assert f"## {number} " in changelog
    assert f"\nversion: {number}\n" in citation
    try:
        assert version("undertow") == number
    except PackageNotFoundError:
        pytest.skip("undertow is not installed, only importable")
