"""The charts of the page as one module, for hosts of widgets that load a single module from a string."""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MODULES = ("plot.js", "store.js", "charts.js", "network.js", "widget.js")
"""Modules of the page that the widget is made of, each after those it imports."""


def bundle() -> str:
    """Return the modules as one, in which each is a function of its own."""
    parts = ["const modules = {};"]
    for name in MODULES:
        source = (STATIC / name).read_text(encoding="utf-8")
        source = re.sub(r'import \* as (\w+) from "\./([\w.]+)";', r'const \1 = modules["\2"];', source)
        source = re.sub(r'import (\{[^}]*\}) from "\./([\w.]+)";', r'const \1 = modules["\2"];', source)
        exported = re.findall(r"^export (?:const|function|class) (\w+)", source, re.MULTILINE)
        source = re.sub(r"^export ", "", source, flags=re.MULTILINE)
        parts.append(f'modules["{name}"] = (() => {{\n{source}\nreturn {{ {", ".join(exported)} }};\n}})();')
    parts.append('export default { render: modules["widget.js"].render };')
    return "\n".join(parts)
