"""The house keeps its own rules: imports, copies, documents, command lines that others rely on."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from pkgutil import walk_packages

import pytest

import phase4_tui
from phase4_tui import console
from phase4_tui.errors import Phase4Error
from phase4_tui.runbook.steps import DATA

ROOT = Path(__file__).parents[1]
RUN_WHEN_LOADED = ("__main__", "launcher")
DRAWING = {"textual", "rich", "typer", "click"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after `statement`."""
    code = f"import sys; {statement}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize("room", ["policy.phase4.engine", "artifacts.documents", "journal.state", "runbook.sequence"])
def test_nothing_below_the_faces_loads_what_draws(room: str) -> None:
    assert not loaded_by(f"import phase4_tui.{room}") & DRAWING


def test_the_console_draws_nothing() -> None:
    every = "; ".join(f"import {module.name}" for module in walk_packages(console.__path__, f"{console.__name__}."))
    assert "import phase4_tui.console.facts.schedule" in every
    assert not loaded_by(every) & DRAWING


def test_the_policy_loads_neither_files_models_nor_processes() -> None:
    assert not loaded_by("import phase4_tui.policy.phase4.quality") & {"pydantic", "subprocess", "watchfiles"}


def test_the_drawing_guard_can_fail() -> None:
    assert "rich" in loaded_by("import rich")


@pytest.mark.parametrize("name", ["sample_batch_input.json", "monitoring_rules.json"])
def test_the_copy_that_an_installation_carries_is_the_one_at_the_top(name: str) -> None:
    assert (DATA / name).read_bytes() == (ROOT / name).read_bytes()


def test_the_top_level_holds_only_what_belongs_there() -> None:
    if shutil.which("git") and (ROOT / ".git").exists():
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        names = {line.partition("/")[0] for line in tracked.stdout.splitlines()}
    else:  # what the README's first command leaves is no part of the project
        names = {path.name for path in ROOT.iterdir()} - {"reports", "build"}
    allowed = {"pyproject.toml", "phase4_tui", "tests", "sample_batch_input.json", "monitoring_rules.json", "README.md"}
    assert {name for name in names if not name.startswith(".")} <= allowed


def test_the_readme_refers_to_the_runbook_that_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    linked = re.search(r"\((phase4_tui/data/runbook\.md)\)", readme)
    assert linked is not None
    assert (ROOT / linked.group(1)).read_text().startswith("# Phase 4 runbook")


def test_the_readmes_first_two_code_blocks_are_one_command_each() -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert [block.count("\n") for block in blocks[:2]] == [1, 1]
    assert blocks[0].rstrip().endswith("phase4 run")
    assert blocks[1].rstrip().endswith("pytest")


def test_the_readme_names_every_command() -> None:
    from phase4_tui.cli.app import app

    readme = (ROOT / "README.md").read_text()
    names = [str(info.name) for info in app.registered_commands] + [str(info.name) for info in app.registered_groups]
    assert len(names) >= 20
    assert [name for name in names if f"phase4 {name}" not in readme] == []


def test_no_module_is_longer_than_one_sitting() -> None:
    paths = [path for room in ("phase4_tui", "tests") for path in (ROOT / room).rglob("*.py")]
    assert [str(path) for path in paths if len(path.read_text().splitlines()) > 350] == []


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    paths = list((ROOT / "phase4_tui").rglob("*.py"))
    assert [str(path) for path in paths if not path.read_text().startswith('"""')] == []


def test_what_an_operator_gives_is_an_operation_and_an_order_is_one_to_a_market() -> None:
    names = {
        value
        for path in (ROOT / "phase4_tui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for value in (getattr(node, kind, None) for kind in ("name", "id", "attr", "arg"))
        if isinstance(value, str) and re.search(r"(^|_)orders?(_|$)|Order", value)
    }
    assert {name for name in names if "live_order" not in name} == {"OrderedDict", "order"}, "and `order` is msgspec's"


def test_every_exception_is_below_the_one_base() -> None:
    names = [found.name for found in walk_packages(phase4_tui.__path__, "phase4_tui.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith(RUN_WHEN_LOADED)]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__.startswith("phase4_tui.")
    }
    assert len(found) > 15
    assert {value for value in found if not issubclass(value, Phase4Error)} == set()
