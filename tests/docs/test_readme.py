"""The README begins with its two commands, and CI runs the second one word for word."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPARE = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/undertow compare"
TEST = 'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/python -m pytest'


def blocks(text: str) -> list[str]:
    """Return the shell blocks of a Markdown text."""
    return [block.strip() for block in re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def test_the_two_commands_come_first():
    assert blocks((ROOT / "README.md").read_text("utf-8"))[:2] == [COMPARE, TEST]


def test_ci_picks_the_test_command_out_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    pick = re.search(r"^test_command=\$\((.+)\)$", script, re.MULTILINE)
    assert pick is not None
    picked = subprocess.run(["bash", "-c", pick[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert picked.stdout.strip() == TEST


def test_links_of_the_readme_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text("utf-8")
        links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
        assert links
        assert [link for link in links if not (ROOT / link).exists()] == []
