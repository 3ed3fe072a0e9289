"""The registry of operations: whatever lists operations lists each of them, and each entry does what it says."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.cli.app import GROUPS, LOOKING
from phase4_tui.cli.operations import commands
from phase4_tui.console.key_settings import keys_of
from phase4_tui.console.operations.operation import Group, Operation
from phase4_tui.console.operations.registry import BY_ID, OPERATIONS
from phase4_tui.console.views import Gesture, View
from phase4_tui.runbook.steps import PHASE4_STEPS
from tests.cli.support import COMMAND
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BY_HAND = {"run", "cancel", "resume", "rehearse", *(f"step_{step.number}" for step in PHASE4_STEPS)}
"""Operations whose command is `run`, `step` or the shell's, which ask nothing and so have no dialogue there."""
COMMAND_OF = {
    View.GUIDED: "rollback", View.KNOWN_GOOD: "known-good list", View.ROOT_CAUSE: "root-cause list",
    View.COMPARE: "compare", View.AUDIT: "audit", View.VERIFY: "verify", View.JOURNAL: "journal",
    View.RUNBOOK: "runbook", View.DECISIONS: "decisions", View.TRENDS: "trends", View.TRANSCRIPT: "transcript",
    View.POST_MORTEM: "incident export", View.DOCS: "docs", View.HELP: "",
}  # fmt: skip
"""The command that prints what a view shows; help is every command's own."""

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def dialogue_of(operation: Operation) -> Any:
    load = operation.loader
    assert load is not None
    return load()


@each_operation
def test_each_operation_says_what_it_is_in_one_line_that_no_other_has(operation: Operation) -> None:
    assert BY_ID[operation.id] is operation
    assert [other.id for other in OPERATIONS if other.description == operation.description] == [operation.id]
    assert operation.description[0].isupper()
    assert not operation.description.endswith(".")
    assert operation.group in Group


@each_operation
def test_what_an_operation_does_can_be_loaded_and_is_a_coroutine_function(operation: Operation) -> None:
    if isinstance(operation.does, View | Gesture):
        assert operation.loader is None or inspect.iscoroutinefunction(dialogue_of(operation))
    else:
        dialogue = dialogue_of(operation)
        assert inspect.iscoroutinefunction(getattr(dialogue, "func", dialogue))


@each_operation
def test_a_dialogue_takes_what_its_key_gives_it_and_what_each_of_its_commands_does(operation: Operation) -> None:
    if operation.loader is None:
        assert operation.commands == ()
        return
    signature = inspect.signature(dialogue_of(operation))
    if not isinstance(operation.does, View | Gesture):
        signature.bind(object())
    for command in operation.commands:
        signature.bind(object(), **{parameter.name: None for parameter in command.parameters}, **command.fixed)


@each_operation
def test_each_operation_that_writes_has_a_command_of_its_own(operation: Operation) -> None:
    if operation.writes and operation.id not in BY_HAND:
        assert operation.commands
    for command in operation.commands:
        found: Any = COMMAND
        for word in command.words:
            found = found.commands[word]
        options = {option for parameter in found.params for option in (*parameter.opts, parameter.name)}
        assert {parameter.flag or parameter.name for parameter in command.parameters} <= options
        assert found.help == command.help


def test_each_command_is_either_an_operations_or_looks_and_none_is_both() -> None:
    given = [words for words, _ in commands()]
    assert len(given) == len(set(given))
    assert not set(given) & LOOKING.keys()
    assert {words[0] for words in (*given, *LOOKING) if len(words) > 1} == GROUPS.keys()


@each_operation
def test_the_readme_has_a_row_for_each_command_that_an_operation_has(operation: Operation) -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    for command in operation.commands:
        group, *member = command.words
        named = [row for row in rows if f"`phase4 {group}" in row]
        assert named, command.words
        assert not member or any(re.search(rf"\b{re.escape(member[0])}\b", row) for row in named), command.words


@pytest.mark.parametrize("view", View)
def test_each_view_has_an_entry_and_a_command_that_prints_it(view: View) -> None:
    assert [operation.id for operation in OPERATIONS if operation.does is view] == [view.value]
    words = tuple(COMMAND_OF[view].split())
    assert not words or words in LOOKING


@pytest.mark.parametrize("gesture", Gesture)
def test_each_gesture_has_an_entry(gesture: Gesture) -> None:
    assert [operation.id for operation in OPERATIONS if operation.does is gesture] == [gesture.value]


async def test_each_view_opens_its_own_screen_and_escape_leaves_it(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        seen = set()
        for view in View:
            me.app.open(view)
            if view is View.TRANSCRIPT:  # there is none here
                assert len(me.app.screen_stack) == 1
                continue
            await until(me.pilot, lambda: len(me.app.screen_stack) == 2)
            seen.add(type(me.app.screen))
            await me.pilot.pause()
            await me.press("escape")
            await until(me.pilot, lambda: len(me.app.screen_stack) == 1)
        assert len(seen) == len(View) - 1


def test_no_key_is_given_twice_and_each_is_that_of_the_registry() -> None:
    keys = keys_of({})
    assert keys == {operation.id: operation.key for operation in OPERATIONS}
    used = [key for key in keys.values() if key]
    assert len(used) == len(set(used))


def test_the_steps_of_the_runbook_have_an_operation_each() -> None:
    for step in PHASE4_STEPS:
        assert BY_ID[f"step_{step.number}"].key == str(step.number)
        assert step.title[1:] in BY_ID[f"step_{step.number}"].description
