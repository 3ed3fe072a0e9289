"""What to do about an error is data: ids of the registry, commands that parse, and each face's own words for them."""

import ast
import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import phase4_tui
from phase4_tui.artifacts.manifest import restoring
from phase4_tui.console import remedies as words
from phase4_tui.console.operations.dialogues.tags import switch
from phase4_tui.console.operations.registry import BY_ID, OPERATIONS
from phase4_tui.console.remedies import as_keys, error_as_keys, how, parts_of
from phase4_tui.errors import Refused, Remedy, as_commands, command_line, error_as_commands
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_thaw
from phase4_tui.rollback.incidents import look_for_incident, plan_escalate, plan_no_good_tag
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Plan
from phase4_tui.rollback.reopen import Condition, conditions, plan_reopen
from phase4_tui.rollback.verification import remedies_of, verify
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.preconditions import check_step_input, preconditions
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import Step, place_of, steps_of
from tests.cli.support import parse
from tests.rollback.support import freeze, give, site_of
from tests.runbook.support import laid_out
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, until

PACKAGE = Path(phase4_tui.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
FACES = ("cli", "tui")
SHELL = "kill_command"
"""What makes the one command that is not this program's: it ends a process on whatever host it runs."""
PROBLEMS = ("torn", "journal", "anchor", "state", "active", "writable", "frozen", "manifest", "changed", "missing")


class Call(NamedTuple):
    """A call in the package's sources: where it stands, and the call itself."""

    module: str
    node: ast.Call

    def __str__(self) -> str:
        return f"{self.module}:{self.node.lineno}"


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax of a module."""
    return ast.parse(path.read_text())


def module_of(path: Path) -> str:
    """Return a module's name."""
    return ".".join(["phase4_tui", *path.relative_to(PACKAGE).with_suffix("").parts])


def calls_of(name: str) -> list[Call]:
    """Return every call of a function or class of that name."""
    return [
        Call(module_of(path), node)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def argument(call: Call, position: int, name: str) -> ast.expr | None:
    """Return an argument of a call, None when it was not given."""
    if position < len(call.node.args):
        return call.node.args[position]
    return next((keyword.value for keyword in call.node.keywords if keyword.arg == name), None)


def value_of(expression: ast.expr, module: ModuleType, otherwise: object) -> object:
    """Return what an expression of constants is; `otherwise` where a function's own variables stand in it."""
    try:
        return eval(compile(ast.Expression(expression), "<source>", "eval"), vars(module))
    except (NameError, AttributeError):
        return otherwise


def command_of(call: Call) -> str:
    """Return the command of a call of `command_line`, with a word in place of each variable."""
    module, given = import_module(call.module), list[str]()
    for word in call.node.args:
        if isinstance(word, ast.Starred):
            more = value_of(word.value, module, ())
            assert isinstance(more, tuple)
            given += more
        else:
            given.append(str(value_of(word, module, "O" if given[-1:] == ["--owner"] else "T")))
    return command_line(*given)


REMEDIES = calls_of("Remedy")
COMMANDS = [call for call in calls_of("command_line") if call.node.args]  # another of that name takes nothing


def ids_of(call: Call) -> Iterator[str]:
    """Yield the ids that a remedy may have: one, or one a step."""
    given = argument(call, 0, "operation")
    if isinstance(given, ast.Attribute):
        assert ast.unparse(given).endswith(".operation")
        yield from (f"step_{step.number}" for step in steps_of(4, Settings()))
    elif given is not None:
        value = ast.literal_eval(given)
        assert isinstance(value, str)
        yield value


def test_the_walk_finds_what_there_is() -> None:
    assert len(REMEDIES) > 60
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("call", REMEDIES, ids=str)
def test_every_remedy_names_an_operation_of_the_registry_or_none(call: Call) -> None:
    assert {*ids_of(call)} <= {"", *BY_ID}


@pytest.mark.parametrize("call", REMEDIES, ids=str)
def test_every_command_of_a_remedy_is_quoted_by_the_one_helper(call: Call) -> None:
    given = argument(call, 1, "command")
    if given is None or (isinstance(given, ast.Constant) and given.value == ""):
        return
    made = [given]
    if isinstance(given, ast.Name):
        path = PACKAGE.joinpath(*call.module.split(".")[1:]).with_suffix(".py")
        assigned = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Assign)]
        made = [node.value for node in assigned if ast.unparse(node.targets[0]) == given.id]
    makers = {node.func.id for node in made if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert makers
    assert makers <= {"command_line", SHELL}


@pytest.mark.parametrize("call", COMMANDS, ids=str)
def test_every_command_is_one_that_the_command_line_takes(call: Call) -> None:
    parse(command_of(call))


def test_what_stands_in_a_command_is_quoted() -> None:
    assert command_line("freeze", "a b", "--reason", "it's") == """phase4 freeze 'a b' --reason 'it'"'"'s'"""
    assert restoring("a;b").command == "phase4 restore 'a;b'"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_no_error_holds_a_command_in_its_message(path: Path) -> None:
    raised = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Raise)]
    assert [text for node in raised for text in commands_in(node)] == []


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if module_of(path).split(".")[1] not in FACES], ids=module_of
)
def test_below_the_faces_no_text_holds_a_command(path: Path) -> None:
    documents = {id(node.value) for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}  # of what is defined
    scripts = [node for node in ast.walk(tree(path)) if getattr(node, "name", "") == "laid_out_script"]
    of_a_script = {text for node in scripts for text in commands_in(node)}
    texts = [
        part.value for part in ast.walk(tree(path)) if isinstance(part, ast.Constant) and id(part) not in documents
    ]
    held = {text for text in texts if isinstance(text, str) and "`phase4 " in text}
    assert held - of_a_script == set()


def commands_in(node: ast.AST) -> list[str]:
    """Return the texts below a node that hold a command."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and "`phase4 " in text]


def test_no_text_is_rewritten_by_pattern() -> None:
    assert not hasattr(words, "in_keys")
    assert not hasattr(words, "re")
    assert [path for path in SOURCES if "in_keys" in path.read_text()] == []


# Words -----------------------------------------------------------------------------------------------------------


def test_a_message_is_followed_by_its_remedies_each_once() -> None:
    mend = (restoring("B"), Remedy(effect="stop who writes it"), restoring("B"), Remedy("", command_line("tags")))
    told = "`phase4 restore B` puts the frozen files back, stop who writes it, `phase4 tags`"
    assert as_commands("B changed", mend) == f"B changed; {told}"
    assert as_commands("", mend) == told
    assert as_commands("B changed", ()) == "B changed"
    assert as_keys("B changed", mend, {}) == f"B changed; {told.replace('phase4 restore B', '^p restore')}"


@pytest.mark.parametrize("operation", [entry.id for entry in OPERATIONS])
def test_an_operation_is_named_by_its_key_of_now_else_by_its_name_in_the_palette(operation: str) -> None:
    remedy = Remedy(operation, command_line("verify"), "does it")
    assert as_keys("m", (remedy,), {operation: "f2"}) == "m; `f2` does it"
    assert as_keys("m", (remedy,), {operation: ""}) == f"m; `^p {BY_ID[operation].label}` does it"
    assert "phase4" not in as_keys("m", (remedy,), {})
    assert how("filter", {}) == "/"


def test_a_digest_is_short_on_the_dashboard_and_whole_on_the_command_line() -> None:
    digest = "0123456789ab" + "c" * 52
    error = Refused(f"{digest} is another", digests=(digest,))
    assert parts_of(error) == ("0123456789ab… is another", ())
    assert error_as_commands(error) == f"{digest} is another"
    assert error_as_keys(OSError("full"), {}) == error_as_commands(OSError("full")) == "full"


# What is said of real things -------------------------------------------------------------------------------------


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A desk with a good tag A and a bad one, B, which is P1."""
    lay_out(laid_out(tmp_path))
    return tmp_path


def refusals(work: Path) -> Iterator[Refused]:
    """Yield what operations are refused for, on a desk that has fallen back and whose frozen B was changed."""
    site = site_of(work)
    freeze(work, "B")
    give(site, plan_switch(site, "A", "it is good"))
    give(site, plan_phase3_only(site, "to be safe"))
    path = work / "reports" / "B_report.md"
    path.chmod(0o644)
    path.write_text("another")
    plans: tuple[Callable[[], Plan], ...] = (
        lambda: plan_freeze(site, "B", "again"),
        lambda: plan_freeze(site, "nobody", "why"),
        lambda: plan_thaw(site, "A", "why"),
        lambda: plan_switch(site, "B", "why"),
        lambda: plan_escalate(site, "risk", None),
        lambda: plan_reopen(site, "B"),
    )
    for plan in plans:
        with pytest.raises(Refused) as refused:
            plan()
        yield refused.value


def test_the_dashboard_names_no_command_where_there_is_an_operation(work: Path) -> None:
    seen = 0
    for error in refusals(work):
        assert error.remedies
        assert "phase4" not in str(error)
        typed, pressed = error_as_commands(error), error_as_keys(error, {})
        for remedy in error.remedies:
            assert f"`{remedy.command}`" in typed
            assert (f"`{remedy.command}`" in pressed) == (remedy.operation == "")
            seen += remedy.operation != ""
    assert seen >= 6


async def test_a_refusal_on_the_screen_names_the_operators_own_key(work: Path) -> None:
    (work / "phase4.toml").write_text('[keys]\nreopen = "u"\nknown_good = "f5"\n')
    async with operator_at(work) as me:
        await me.incident()
        site = site_of(work)
        await me.press("f")
        await me.writes("evidence")
        await me.answers(yes=True)
        await until(me.pilot, lambda: me.app.snapshot and "B" in me.app.snapshot.state.frozen)
        for tag, told in (("B", "`u` brings a re-run of it back"), ("C", "`f5` shows the others")):
            me.app.operate(lambda session, tag=tag: switch(session, tag, "why"))  # type: ignore[misc]
            await me.sees(told)
        with pytest.raises(Refused) as refused:
            plan_switch(site, "B", "why")
        assert "`phase4 reopen --tag B` brings a re-run of it back" in error_as_commands(refused.value)


def test_a_condition_keeps_its_command_in_json_and_only_there(work: Path) -> None:
    give(site_of(work), plan_phase3_only(site_of(work), "why"))
    found = {one.name: one for one in conditions(site_of(work), "A")}
    rehearsed = found["re-run complete"]
    assert rehearsed.detail == "no run of A is on record"
    document = json.loads(rehearsed.model_dump_json())
    told = "no run of A is on record; `phase4 run --rehearsal --tag A` makes one"
    assert document == {"name": "re-run complete", "ok": False, "detail": told}
    assert "remedies" not in json.dumps(Condition.model_json_schema())


def test_a_precondition_keeps_its_command_in_json_and_only_there(work: Path) -> None:
    proof = Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail="holds")
    found = next(one for one in preconditions(site_of(work), "nobody", proof) if one.name == "artifacts")
    assert "phase4" not in found.detail
    assert found.model_dump()["detail"] == f"{found.detail}; `phase4 run` writes them"
    assert found.model_dump().keys() == {"name", "ok", "detail"}


@pytest.mark.parametrize(
    "step", [step for step in steps_of(4, Settings()) if step.reads is not None], ids=lambda step: step.name
)
def test_the_step_that_makes_what_is_missing_has_its_key(tmp_path: Path, step: Step) -> None:
    found = check_step_input(Settings(), place_of(Settings(), tmp_path, 4, None, None), "a", step, 4)
    (remedy,) = found.remedies
    assert as_keys("", (remedy,), {}) == "`1` runs it"
    parse(remedy.command)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_kind_of_problem_has_advice_for_both_faces(kind: str) -> None:
    assert remedies_of(kind, "noon")
    for remedy in remedies_of(kind, "noon"):
        assert remedy.operation in {"", *BY_ID}
        if remedy.command:
            parse(remedy.command)
        assert remedy.effect


def test_a_verification_says_what_to_do_with_the_tag_that_it_is_about(work: Path) -> None:
    freeze(work, "A")
    path = work / "reports" / "A_report.md"
    path.chmod(0o644)
    path.write_text("another")
    (problem, *_) = verify(site_of(work)).problems
    assert "phase4" not in problem.detail
    told = "puts the frozen copy of A back and keeps this as evidence"
    assert as_commands("", problem.remedies) == f"`phase4 restore A` {told}"
    assert as_keys("", problem.remedies, {}) == f"`^p restore` {told}"


def test_what_is_next_after_an_operation_is_said_beside_what_was_done(work: Path) -> None:
    site = site_of(work)
    look_for_incident(site, "B")
    called = give(site, plan_escalate(site, "risk", None))
    assert called.lines == ("escalated to risk",)
    assert called.worded() == ["escalated to risk", "`phase4 escalate ack --owner risk` notes who took it"]
    assert called.worded(words.wording({}))[1] == "`^p acknowledge` notes who took it"
    done = give(site, plan_no_good_tag(site, "none is good"))
    falls_back, calls = "`p` falls back to Phase 3", "`e` calls the product owner"
    assert done.worded(words.wording({})) == ["no tag is active", f"{falls_back}, {calls}"]


def test_a_plan_says_afterwards_in_the_words_of_each_face(work: Path) -> None:
    plan = plan_phase3_only(site_of(work), "why")
    assert "  afterwards: `phase4 run` runs the Phase 3 sequence" in plan.describe()
    assert "  afterwards: `z` runs the Phase 3 sequence" in plan.describe(words.wording({"run": "z"}))
