"""Writes a tag's sign-off note: run summary, GO or NO-GO by the two gates, a signature line for each owner."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_write
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.safe_text import safe_markdown
from phase4_tui.artifacts.strict_json import BadJson, parse_object
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.phase4.summary import UNKNOWN_EVENTS
from phase4_tui.policy.values import show
from phase4_tui.steps import entry
from phase4_tui.steps.batch import summary_text, table, unknown_events

OWNERS = ("Engineering owner", "Risk owner", "Product owner")
SHOWN_ISSUES = 5
GATES = ((Artifact.RELEASE_CHECK, "Release check"), (Artifact.QUALITY_CHECK, "Quality check"))


@dataclass(frozen=True)
class GateResult:
    """The result of a gate by its file; `passed` is None when the file is unusable."""

    title: str
    passed: bool | None
    notes: tuple[str, ...]

    @property
    def word(self) -> str:
        """The result in a word: PASSED, FAILED or UNKNOWN."""
        return {True: "PASSED", False: "FAILED", None: "UNKNOWN"}[self.passed]


def read_gate(path: Path, title: str, tag: str) -> GateResult:
    """Return a gate's result from its file; UNKNOWN for an absent or broken file."""
    try:
        content = parse_object(read_bytes(path, 32 << 20))
    except FileNotFoundError:
        return GateResult(title, None, ("the check was not found",))
    except (Unreadable, BadJson) as error:
        return GateResult(title, None, (f"the check {error_as_commands(error)}",))
    passed = content.get("passed")
    if not isinstance(passed, bool):
        return GateResult(title, None, ("the check's key `passed` is missing or neither true nor false",))
    if content.get("tag", tag) != tag:
        return GateResult(title, None, (f"the check is another tag's: it names {show(content['tag'])}",))
    return GateResult(title, passed, tuple(_issues(content)))


def _issues(content: Mapping[str, object]) -> list[str]:
    issues: list[str] = []
    for key in ("missing_files", "validation_errors"):
        found = content.get(key)
        issues += [str(item) for item in found] if isinstance(found, list) else []
    checks = content.get("checks")
    for section in checks.values() if isinstance(checks, dict) else ():
        found = section.get("issues") if isinstance(section, dict) else None
        issues += [str(item) for item in found] if isinstance(found, list) else []
    return issues


def write_signoff(phase: int, tag: str, outdir: Path, out_md: Path | None = None) -> dict[str, object]:
    """Write the sign-off note and return what was written.

    Raises MissingInput without the tag's summary, StepError when that can't be read, FrozenTag, OSError.
    """
    kind = Artifact.PHASE4_SIGNOFF if phase == 4 else Artifact.PHASE3_SIGNOFF
    path = out_md or outdir / file_name(tag, kind)
    summary_path = outdir / file_name(tag, Artifact.SUMMARY)
    try:
        summary = parse_object(read_bytes(summary_path))
    except FileNotFoundError:
        raise entry.MissingInput(summary_path, "run the pipeline first") from None
    except (Unreadable, BadJson) as error:
        raise entry.StepError(f"{summary_path.name}: {error_as_commands(error)}", remedy=entry.AGAIN) from None
    gates = [read_gate(outdir / file_name(tag, artifact), title, tag) for artifact, title in GATES]
    go = all(gate.passed for gate in gates)
    atomic_write(path, _text(phase, tag, summary, gates, go).encode())
    return {
        "tag": tag,
        "recommendation": "GO" if go else "NO-GO",
        "gates": {gate.title: gate.word for gate in gates},
        "signoff_md": str(path),
    }


def _text(phase: int, tag: str, summary: Mapping[str, object], gates: Sequence[GateResult], go: bool) -> str:
    lines = [
        f"# Phase {phase} sign-off: {safe_markdown(tag)}",
        "",
        f"Recommendation: **{'GO' if go else 'NO-GO'}**",
    ]
    lines += ["", "Paper mode only: no order reaches a market.", "", "## Gates", ""]
    lines += table(("gate", "result"), [(gate.title, gate.word) for gate in gates])
    for gate in gates:
        if gate.notes:
            lines += ["", f"{gate.title}:", ""]
            lines += [f"- {safe_markdown(note)}" for note in gate.notes[:SHOWN_ISSUES]]
            if len(gate.notes) > SHOWN_ISSUES:
                lines.append(f"- … and {len(gate.notes) - SHOWN_ISSUES} more")
    if unknown := unknown_events(summary):
        lines += ["", "## For the risk owner", "", "Active windows under unknown event names, decided MEDIUM:", ""]
        lines += [f"- {safe_markdown(event)}" for event in unknown]
    shown = {key: value for key, value in summary.items() if not unknown or key != UNKNOWN_EVENTS}
    lines += ["", "## Run summary", ""]
    lines += [f"- {safe_markdown(key)}: {summary_text(value)}" for key, value in shown.items()]
    lines += ["", "## Signatures", ""]
    lines += [f"- {owner}: ______________________  date: __________" for owner in OWNERS]
    return "\n".join(lines) + "\n"


def command(phase: int, argv: Sequence[str] | None) -> int:
    """Run the sign-off command of a phase and return its exit status."""

    def build() -> ArgumentParser:
        parser = entry.parser(f"Write the Phase {phase} sign-off note of a run tag.")
        parser.add_argument("--tag", type=entry.tag_argument, required=True, help="the run tag")
        parser.add_argument("--outdir", type=Path, default=Path("reports"), help="the reports directory")
        parser.add_argument("--out-md", type=Path, help="where the note is written")
        return parser

    def work(arguments: entry.Arguments) -> tuple[int, Mapping[str, object]]:
        return entry.DONE, write_signoff(phase, arguments.tag, arguments.outdir, arguments.out_md)

    return entry.main(build, work, argv)
