"""The pages about commands, settings and files: each command, option, exit status, key and file of the code is told."""

import re
import signal
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from phase4_tui.artifacts import json_stream, manifest, models, nesting, regular_files
from phase4_tui.artifacts.documents import WRITING_GRACE_NS
from phase4_tui.artifacts.names import Artifact
from phase4_tui.cli import context
from phase4_tui.cli.installation import SCHEMAS
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.journal import log, state
from phase4_tui.journal.events import MAX_LINE_BYTES, Event
from phase4_tui.policy.monitoring import DEFAULT_RULES
from phase4_tui.policy.phase3.record import Row as Phase3Row
from phase4_tui.policy.phase4.record import Row as Phase4Row
from phase4_tui.rollback import active, comparison, guided, verification
from phase4_tui.runbook import (
    audit,
    doctor,
    fallback_proof,
    guards,
    health,
    isolation,
    preconditions,
    provenance,
    run_holder,
    status,
)
from phase4_tui.runbook.classification import EXIT_STATUS, Classification
from phase4_tui.runbook.evidence import QUALITY_LIMIT_BYTES
from phase4_tui.runbook.manual import PAGES, page_text
from phase4_tui.runbook.settings import LIVE_WHEN_FALSY, LIVE_WHEN_TRUTHY, DashboardSettings, Settings, StepSettings
from phase4_tui.runbook.steps import PHASE3_STEPS, PHASE4_STEPS, Step
from phase4_tui.runbook.transcripts import TRANSCRIPT_LIMIT
from tests.cli.support import COMMAND
from tests.docs.pages import (
    CODE,
    INDENTED,
    TEST_FILE,
    code_words,
    figures,
    names_of_the_package,
    quoted_in_the_package,
    row_of,
    rows,
    section,
)

Command = Any  # typer carries its own copy of click, which is private: its commands have no type to be named
FAMILIES = ("Running", "Looking", "Rollback", "Incidents and the record")
PRINTS_THE_PAGES = "docs"


def commands(command: Command = COMMAND, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    """Yield each command that does something by itself, with its name."""
    members = getattr(command, "commands", {})
    if names and (not members or command.invoke_without_command):
        yield " ".join(names), command
    for name, member in members.items():
        yield from commands(member, (*names, name))


def own_options(command: Command) -> set[str]:
    """Return the long options that a command has beside those of every command."""
    longest = {max(parameter.opts, key=len) for parameter in command.params if parameter.opts[0].startswith("-")}
    return longest - {f"--{name.replace('_', '-')}" for name in context.COMMON} - {"--help"}


@pytest.mark.parametrize(("name", "command"), commands())
def test_each_command_and_each_of_its_options_stand_in_one_family(name: str, command: Command) -> None:
    spans = [f"`phase4 {name}`", f"`phase4 {name} "]
    found = [text for text in (section("command_line", family) for family in FAMILIES) if any(s in text for s in spans)]
    assert len(found) == 1, name
    told = set(re.findall(r"--[a-z][a-z-]*", found[0]))
    assert own_options(command) <= told


NOT_LITERALLY = {
    *(f"PHASE4_{name.upper()}" for name in Settings.model_fields),
    *(artifact.key for artifact in Artifact),
    *(step.script.removesuffix(".py") for step in PHASE3_STEPS),
    *(operation.id for operation in OPERATIONS),
    *DEFAULT_RULES,
}
"""Names that the code makes from others."""
STEP_TABLES = {"[steps]": ("[steps.NAME]", PHASE4_STEPS), "[phase3.steps]": ("[phase3]", PHASE3_STEPS)}
"""Where the settings page names the steps that have a table."""
EXAMPLES = {
    "shadow_duration",
    "_shadow_duration",
    "shadow_duration_json",
    "RUN_ID",
    "NO_COLOR",
    "a_report",
    "a_report_summary",
}


@pytest.mark.parametrize("page", PAGES)
def test_each_name_that_a_page_gives_is_one_of_the_code(page: str) -> None:
    words = {word for span in CODE.findall(page_text(page)) for word in re.findall(r"\w+", TEST_FILE.sub("", span))}
    given = {word.removeprefix("TAG") for word in words if "_" in word}
    assert given - names_of_the_package() - NOT_LITERALLY - EXAMPLES == set()


@pytest.mark.parametrize("page", PAGES)
def test_each_command_that_a_page_names_exists(page: str) -> None:
    known = {name for name, _ in commands()} | {PRINTS_THE_PAGES}
    for words in re.findall(r"`phase4((?: [a-z][a-z0-9-]*)+)", page_text(page)):
        text = str(words).strip()
        assert any(text == name or text.startswith(f"{name} ") or name.startswith(f"{text} ") for name in known), text


def test_the_options_of_every_command_are_told() -> None:
    told = code_words(section("command_line", "Options of every command"))
    assert {f"--{name.replace('_', '-')}" for name in context.COMMON} <= told


def test_each_exit_status_is_told() -> None:
    text = section("command_line", "Exit status")
    for word, number in EXIT_STATUS.items():
        assert row_of(text, str(number))[1].startswith("done" if word == "ok" else word)
    assert row_of(text, str(context.FAILED))[1].startswith("failed")
    assert "refused" in row_of(text, str(context.REFUSED))[1]
    assert {128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)} <= figures(text)


def keys_of(model: type[BaseModel]) -> set[str]:
    """Return the keys of a document as it is written."""
    fields = model.model_fields.items()
    return {field.alias or name for name, field in fields if not field.exclude}


PRINTED: list[tuple[type[BaseModel], str]] = [
    (status.IncidentSummary, "| `incident` |"),
    (fallback_proof.Fallback, "| `fallback` |"),
    (state.Pending, "| `pending` |"),
    (preconditions.Precondition, "| `preconditions` |"),
    (health.Health, "| `health` |"),
    (health.Check, "A check has"),
    (Classification, "| `classification` |"),
    (status.TagRow, "A tag in `tags` has"),
    (comparison.ComparisonResult, "`compare`:"),
    (comparison.Difference, "`compare`:"),
    (verification.Verification, "| `verify` |"),
    (verification.FoundProblem, "| `verify` |"),
    (verification.JournalSummary, "| `verify` |"),
    (audit.AuditEntry, "| `audit` |"),
    (doctor.Finding, "| `doctor` |"),
    (guided.Guided, "| `rollback` |"),
]


def passage(text: str, start: str) -> str:
    """Return the paragraph, or the table row, that begins with `start`."""
    found = text[text.index(f"\n{start}") + 1 :]
    return found.partition("\n" if start.startswith("|") else "\n\n")[0]


@pytest.mark.parametrize(("model", "start"), PRINTED)
def test_each_key_that_a_command_prints_is_told_where_it_belongs(model: type[BaseModel], start: str) -> None:
    assert keys_of(model) <= code_words(passage(section("command_line", "JSON documents"), start))


def test_each_key_of_the_status_has_its_row() -> None:
    told = {word for row in rows(section("command_line", "status")) for word in code_words(row[0])}
    assert keys_of(status.Status) <= told


@pytest.mark.parametrize("words", [health.CheckState, provenance.StepState, comparison.Label, manifest.FrozenState])
def test_each_word_of_a_printed_state_is_told(words: object) -> None:
    assert set(get_args(words)) <= code_words(section("command_line", "JSON documents"))


def tables(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, object]]:
    """Yield the heading, the name and the default of each setting that has no table of its own."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from tables(kind, f"{path}.{name}".strip("."))
        elif get_origin(kind) is dict:
            yield f"[{path}.{name}]" if path else f"[{name}]", "", None
        elif name.startswith("own_"):
            for key in keys_of(get_args(kind)[0]):
                yield f"[[{name}]]", key, None
        else:
            yield f"[{path}]" if path else "Top level", name, field.default


def test_each_setting_stands_in_its_table_with_its_default() -> None:
    for heading, name, default in tables(Settings):
        if heading in STEP_TABLES:
            page, steps = STEP_TABLES[heading]
            assert {step.name for step in steps} <= code_words(section("settings", page))
        elif name:
            row = row_of(section("settings", heading), f"`{name}`")
            if isinstance(default, str) and name != "operator":
                assert row[1] == f'`"{default}"`'
            elif isinstance(default, bool | float):
                assert row[1] == (str(default).lower() if isinstance(default, bool) else f"{default:g}")
        else:
            assert section("settings", heading)


def test_each_setting_of_a_step_stands_in_the_table_of_steps() -> None:
    for name in keys_of(StepSettings):
        row_of(section("settings", "[steps.NAME]"), f"`{name}`")


def test_each_variable_of_the_environment_is_told() -> None:
    told = code_words(section("settings", "Top level"))
    flat = {name for heading, name, _ in tables(Settings) if heading == "Top level"}
    assert {f"PHASE4_{name.upper()}" for name in flat} | {"PHASE4_WORKDIR", "PHASE4_PROGRESS"} <= told


def test_each_theme_is_told() -> None:
    themes = get_args(DashboardSettings.model_fields["theme"].annotation)
    assert set(themes) <= code_words(section("settings", "[dashboard]"))


def test_the_isolation_is_told_with_its_patterns_and_words() -> None:
    text = section("settings", "[isolation]")
    told = {word.strip('"') for word in code_words(text)}
    assert {*LIVE_WHEN_TRUTHY, *LIVE_WHEN_FALSY, *isolation.ALLOWED} <= told
    assert (isolation.FALSE_WORDS | isolation.TRUE_WORDS) - {""} <= told


def test_each_action_that_may_get_a_key_is_told_where_it_belongs() -> None:
    bound, unbound = section("settings", "[keys]").split("These have no key")
    assert {action.id for action in OPERATIONS if action.key} <= code_words(bound)
    assert {action.id for action in OPERATIONS if not action.key} == code_words(unbound)


@pytest.mark.parametrize("artifact", Artifact)
def test_each_artifact_is_told_with_its_name_on_the_command_line(artifact: Artifact) -> None:
    assert row_of(section("formats", "Artifacts"), f"`TAG{artifact}`")[1] == f"`{artifact.key}`"


DOCUMENTS: dict[str, list[type[BaseModel]]] = {
    "report": [models.ReportHead],
    "summary of Phase 4": [models.Summary],
    "summary of Phase 3": [models.Phase3Summary],
    "release check": [models.ReleaseCheck],
    "quality check": [models.QualityCheck, models.QualitySection],
    "monitoring": [models.Monitoring, models.Snapshot],
    "alert": [models.Alert],
}


@pytest.mark.parametrize("title", DOCUMENTS)
def test_each_key_of_an_artifact_is_told_and_those_that_readers_need_are_bold(title: str) -> None:
    items = re.split(r"^- ", section("formats", "Keys"), flags=re.MULTILINE)
    item = next(item for item in items if item.startswith(f"**{title}**"))
    for model in DOCUMENTS[title]:
        for name, field in model.model_fields.items():
            assert f"**`{name}`**" in item if field.is_required() else f"`{name}`" in item, name
            assert field.is_required() or f"**`{name}`**" not in item


def test_the_parts_of_a_row_are_told() -> None:
    assert {*Phase3Row.__struct_fields__, *Phase4Row.__struct_fields__} <= code_words(section("formats", "Keys"))


def test_each_schema_is_named() -> None:
    assert set(SCHEMAS) <= code_words(page_text("formats"))


def test_each_limit_is_told() -> None:
    accepted = section("formats", "What a reader accepts")
    sizes = (regular_files.MAX_DOCUMENT_BYTES, QUALITY_LIMIT_BYTES, json_stream.ELEMENT_LIMIT)
    assert {f"{size >> 20} MiB" for size in sizes} == set(re.findall(r"\d+ MiB", accepted))
    assert {nesting.DEPTH_LIMIT, WRITING_GRACE_NS / 1e9} <= figures(accepted)
    assert f"at most {MAX_LINE_BYTES >> 20} MiB" in section("formats", "journal.jsonl")
    assert f"at most {TRANSCRIPT_LIMIT >> 20} MiB" in section("formats", "State of operations")


@pytest.mark.parametrize("step", [*PHASE4_STEPS, *PHASE3_STEPS], ids=lambda step: step.script)
def test_each_step_command_is_told_with_its_flags(step: Step) -> None:
    text = section("formats", "Step commands")
    assert step.script in text
    shown = "".join(INDENTED.findall(text))
    assert {flag for flag in step.flags if flag.startswith("--")} <= set(re.findall(r"--[a-z-]+", shown))


STATE: dict[str, list[type[BaseModel]]] = {
    "ACTIVE.json": [active.Active],
    "state.json": [state.OperationsState, state.Quarantined, state.Frozen],
    "manifest.json": [manifest.Manifest, manifest.FrozenFile],
    "Run records": [
        *(provenance.RunRecord, provenance.StepRecord, provenance.Source, provenance.ChangedFile),
        *(isolation.Proof, guards.Guard),
    ],
}


@pytest.mark.parametrize("heading", STATE)
def test_each_key_of_what_operations_write_is_told(heading: str) -> None:
    for model in STATE[heading]:
        assert keys_of(model) <= code_words(section("formats", heading))


def test_each_file_of_the_state_is_told() -> None:
    told = {word for row in rows(section("formats", "State of operations")) for word in code_words(" ".join(row))}
    assert {log.JOURNAL_FILE, log.HEAD_FILE, state.STATE_FILE, manifest.SUMS_FILE, manifest.MANIFEST_FILE} <= told
    assert run_holder.HOLDER_FILE in told


def test_an_event_is_told_with_each_key_and_the_word_for_each_kind_is_one_of_the_code() -> None:
    text = section("formats", "journal.jsonl")
    assert set(Event.__struct_fields__) <= code_words(text)
    kinds = {kind for row in rows(text.split("| kinds |")[1]) for kind in code_words(row[0])}
    assert len(kinds) > 15
    assert [kind for kind in kinds if not quoted_in_the_package(kind)] == []
