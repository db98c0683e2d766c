"""Hashes of the sources that a result depends on: our own, and those of agents that a scenario brings."""

import ast
import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

OUR_PACKAGES = frozenset({"abm", "agents", "experiments"})


def code_fingerprint() -> str:
    """Return a hash of everything in the sources that can change a result."""
    from abm.compiled import source_fingerprint

    digest = hashlib.sha256(f"{source_fingerprint()} {np.__version__} {sys.version_info[:2]}".encode())
    root = Path(__file__).resolve().parent
    for path in sorted(root.rglob("*.py")):
        if "report" not in path.relative_to(root).parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def own_sources_fingerprint(scenario: "Scenario") -> str:
    """Return a hash of what of the user's own a scenario names; empty without any.

    These are the modules of ``own_agents``, ``herd.rule`` and ``herd.graph``, rule files and a file of links.
    Modules are looked for as `experiments.building.own_agents` does, without importing them. What they import
    from the scenario's folder and from the working directory is part of the hash; installed packages that
    they import, and files that they read, are not.
    """
    rules = [repr(venue.rules) for venue in scenario.venues if venue.preset.endswith(".toml")]
    herd = scenario.herd
    links = (scenario.folder or Path.cwd()) / str(herd.graph_options.get("file", ""))
    if herd.graph == "edge_list" and links.is_file():
        rules.append(hashlib.sha256(links.read_bytes()).hexdigest())
    found = hashlib.sha256("\n".join(rules).encode()).hexdigest()[:16] if rules else ""
    own = [group.agent for group in scenario.own_agents]
    own += [path for path in (herd.rule, herd.graph) if ":" in path]
    if not own:
        return found
    folders = [folder for folder in (scenario.folder, Path.cwd()) if folder is not None]
    return found + modules_fingerprint([path.split(":")[0] for path in own], folders)


def modules_fingerprint(modules: Sequence[str], folders: Sequence[Path]) -> str:
    """Return a hash of modules, looked for in ``folders`` and then as Python does.

    What they import from ``folders`` is part of the hash.
    """
    beside = [str(folder) for folder in folders]
    PathFinder.invalidate_caches()  # a module may have been written a moment ago
    found: dict[str, bytes] = {}
    todo = []
    for module in modules:
        todo += list(_sources(module, [*beside, *sys.path]))
    while todo:
        name, path = todo.pop()
        if name not in found:
            found[name] = path.read_bytes()
            for imported in _imports(name, path, found[name]):
                todo += list(_sources(imported, beside))
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name} {len(found[name])}\n".encode() + found[name])
    return digest.hexdigest()[:16]


def _sources(module: str, folders: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files of a module and of the packages it lies in, by dotted name, as far as they exist."""
    parts = module.split(".")
    if parts[0] in OUR_PACKAGES:
        return
    places: Sequence[str] | None = folders
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return
        if spec.origin is not None and spec.has_location:
            yield name, Path(spec.origin)
        places = spec.submodule_search_locations
        if places is None:
            return


def _imports(name: str, path: Path, source: bytes) -> Iterator[str]:
    """Yield the dotted names that a source file may import; none if it is no Python that can be read."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}".lstrip(".") for alias in node.names)
