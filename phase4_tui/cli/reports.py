"""The commands that print what the screens show: `runbook`, `docs`, `trends`, `decisions`, `transcript`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from phase4_tui.artifacts.decision_row import ReportRow, Wanted, describe
from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.manifest import look_frozen
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.cli.context import DONE, FAILED, Desk, complain, emit, say
from phase4_tui.cli.state import MAKES_ONE, ExistingTag, chosen_tag
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Refused, Remedy, as_commands, command_line, error_as_commands
from phase4_tui.journal.state import read_state
from phase4_tui.policy.monitoring import KPIS
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.manual import PAGES, page_text
from phase4_tui.runbook.provenance import last_transcript, runs_of
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.runbook_text import present, runbook_text
from phase4_tui.runbook.status import shown_tag
from phase4_tui.runbook.transcripts import shown_line
from phase4_tui.runbook.trends import LAST_TAGS, Trends, read_trends
from phase4_tui.streams import reader_has_gone

WIDTHS = {"row": 9, "underlying": 11, "time": 25, "slot": 7, "action": 8, "confidence": 10, "score": 5, "size": 4,
          "gate": 15, "event": 12, "regime": 14}  # fmt: skip
RIGHT = ("row", "score", "size")
SEEN_VALUES = 20
_any_rows = decode_array(object)


def runbook(desk: Desk) -> int:
    """Print the runbook as Markdown; the section for the present state is named first and marked."""
    now, why = _now(desk)
    heading, mark = f"## {now}", f"> {SYMBOLS['next']} now: {why}"
    text = runbook_text().replace(f"{heading}\n", f"{heading}\n\n{mark}\n", 1)
    if desk.json:
        emit({"section": now, "why": why, "markdown": text})
        return DONE
    say(f"> {SYMBOLS['next']} now **{now}**: {why}\n")
    for line in text.splitlines():
        say(line)
    return DONE


def _now(desk: Desk) -> tuple[str, str]:
    state = read_state(desk.reports)
    tag = shown_tag(desk.site, None, state)
    healthy = not any(look_frozen(desk.reports, one, desk.site.artifacts) for one in state.frozen)
    if tag is not None and healthy:
        found = judge_tag(desk.site, tag, state)
        healthy = found.classification.level not in ("incident", "warning")
    return present(state.incident, runs=running(desk.reports) is not None, healthy=healthy)


def docs(
    desk: Desk,
    page: Annotated[str | None, typer.Argument(metavar="[PAGE]", help="Which page.", show_default="the list")] = None,
) -> int:
    """Print a page of the manual as Markdown; without a page, which pages there are."""
    text = page_text(page) if page is not None else None
    if desk.json:
        emit({"pages": dict(PAGES)} if text is None else {"page": page, "markdown": text})
        return DONE
    for line in [f"{name:<13} {title}" for name, title in PAGES.items()] if text is None else text.splitlines():
        say(line)
    return DONE


def trends(
    desk: Desk,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="How many tags, the newest.")] = LAST_TAGS,
) -> int:
    """Show the KPIs of the last monitored tags against their rules, the oldest first."""
    found = read_trends(desk.site, lambda: False, last)
    if desk.json:
        emit(_trends_document(found))
        return DONE
    if found.trouble:
        say(f"! {found.trouble}: these are the default rules", "yellow")
    if not found.points:
        say(as_commands(f"no tag in {desk.reports} was monitored yet", (MAKES_ONE,)))
        return DONE
    width = max(7, *(len(tag) for tag, _ in found.points))
    say(f"{'':<{width}}" + "".join(f"  {kpi.removesuffix('_pct'):>15}" for kpi in KPIS), "bold")
    rules = (f"{'at most' if most else 'at least'} {limit:g}" for limit, most in map(found.limit, KPIS))
    say(f"{'rule, %':<{width}}" + "".join(f"  {rule:>15}" for rule in rules))
    for tag, values in found.points:
        bad = any(found.is_breach(kpi, value) for kpi, value in values.items())
        say(f"{tag:<{width}}" + "".join(f"  {_kpi(found, kpi, values):>15}" for kpi in KPIS), "red" if bad else "")
    if found.unread:
        say(f"! {found.unread} without KPIs that can be read", "yellow")
    return DONE


def _kpi(found: Trends, kpi: str, values: dict[str, float]) -> str:
    if kpi not in values:
        return SYMBOLS["not_applicable"]
    value = values[kpi]
    return f"{SYMBOLS['failed'] if found.is_breach(kpi, value) else SYMBOLS['ok']} {value:6.2f}"


def _trends_document(found: Trends) -> dict[str, object]:
    rules = {
        kpi: {"limit": limit, "is": "max" if most else "min"} for kpi in KPIS for limit, most in [found.limit(kpi)]
    }
    tags = [
        {
            "tag": tag,
            "kpis": values,
            "breaches": [kpi for kpi in KPIS if kpi in values and found.is_breach(kpi, values[kpi])],
        }
        for tag, values in found.points
    ]
    return {"rules": rules, "rules_trouble": found.trouble, "tags": tags, "unread": found.unread}


def decisions(
    desk: Desk,
    tag: ExistingTag = None,
    gate: Annotated[str | None, typer.Option("--gate", metavar="G", help="Only this gate, e.g. EVENT_BLOCK.")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="A", help="Only this action: NO_TRADE, …")] = None,
    regime: Annotated[str | None, typer.Option("--regime", metavar="R", help="Only this regime: TREND, …")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.", show_default="all")
    ] = None,
) -> int:
    """Print the decisions of a tag's report, one a line; `--json` prints one JSON document a line."""
    path = desk.reports / file_name(chosen_tag(desk, tag), Artifact.REPORT)
    found = _Decisions(Wanted(gate, action, regime))
    printed = 0
    for number, stored, row in found.rows(path):
        if not printed and not desk.json:
            print(_line({name: name for name in WIDTHS}))
        print(_json_line(number, stored, row) if desk.json else _text_line(number, row))
        printed += 1
        if printed == limit or reader_has_gone():
            break
    if found.trouble is not None:
        complain(f"{path.name}: {found.trouble}")
        return FAILED
    if not printed and not desk.json:
        say(found.nothing())
    return DONE


class _Decisions:
    """The wanted rows of a report, read as a stream."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._count = 0
        self._seen: dict[str, set[str]] = {"gate": set(), "action": set(), "regime": set()}
        self.trouble: str | None = None

    def rows(self, path: Path) -> Iterator[tuple[int, object, ReportRow]]:
        """Yield each wanted row: its number, its stored value and its display form. Raises Refused, Unreadable."""
        reader = ReportReader(path, _any_rows, tolerant_row)
        try:
            for batch in reader:
                for stored in batch:
                    self._count += 1
                    row = describe(stored)
                    for name, values in self._seen.items():
                        if row.broken is None and len(values) < SEEN_VALUES:
                            values.add(getattr(row, name))
                    if not self._wanted or self._wanted.takes(row):
                        yield self._count, stored, row
        except FileNotFoundError:
            writes = Remedy("step_1", command_line("step", "1"), "writes it")
            raise Refused(f"{path.name} is not there", remedy=writes, file=str(path)) from None
        except (BadElement, BadJson) as error:
            self.trouble = error_as_commands(error)

    def nothing(self) -> str:
        """Return the message that no row was found, with the values that occur."""
        if not self._count:
            return "the report has no rows"
        asked = [(name, getattr(self._wanted, name)) for name in self._seen]
        told = [f"{name} {wanted}; there are {', '.join(sorted(self._seen[name]))}" for name, wanted in asked if wanted]
        return f"none of {self._count:,} rows has {' and '.join(told)}"


def _text_line(number: int, row: ReportRow) -> str:
    if row.broken is not None:
        return f"{number:>{WIDTHS['row']}} {SYMBOLS['failed']} {row.broken}"
    return _line({name: str(number) if name == "row" else getattr(row, name) for name in WIDTHS})


def _line(values: dict[str, str]) -> str:
    cells = [
        f"{values[name]:>{width}}" if name in RIGHT else f"{values[name]:<{width}}" for name, width in WIDTHS.items()
    ]
    return " ".join(cells).rstrip()


def _json_line(number: int, stored: object, row: ReportRow) -> str:
    if row.broken is not None or not isinstance(stored, dict):
        return json.dumps({"row": number, "broken": row.broken})
    return json.dumps({"row": number} | stored)


def transcript(desk: Desk, tag: ExistingTag = None) -> int:
    """Print all that is kept of what the last step of a tag's last run wrote."""
    chosen = chosen_tag(desk, tag)
    run = next(runs_of(desk.reports, chosen), None)
    path = last_transcript(run) if run is not None else None
    if run is None or path is None:
        runs = Remedy("run", command_line("run", "--tag", chosen), "runs them")
        raise Refused(f"no step of {chosen} is on record", remedy=runs, tag=chosen)
    if desk.json:
        emit({"tag": chosen, "run": run.run_id, "transcript": str(path)})
        return DONE
    with path.open("rb") as file:
        for line in file:
            say(shown_line(line))
    return DONE
