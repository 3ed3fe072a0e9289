"""A comparison of three tags as lines of text, each with its tone."""

import json

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.operations.asker import Line
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.rollback.comparison import ComparisonResult, Difference

SHOWN_DECISIONS = 20


def comparison_lines(result: ComparisonResult) -> list[Line]:
    """Return what differs, the notes and the verdict."""
    lines: list[Line] = [
        f"{'=' if same else '≠'} {what}: {'the same' if same else 'not the same'}"
        for what, same in (("input", result.same_input), ("rules", result.same_rules))
    ]
    for title, differences in (("CHECKS", result.checks), ("KPIS", result.kpis), ("DECISIONS", result.decisions)):
        unknown = not result.comparable or (title == "DECISIONS" and "incomparable" in result.decision_counts)
        none = "incomparable" if unknown else "no difference"
        lines.append((title if differences else f"{title}  {none}", "title"))
        lines += [
            _difference(found, with_good=result.known_good is not None) for found in differences[:SHOWN_DECISIONS]
        ]
        if len(differences) > SHOWN_DECISIONS:
            lines.append(f"  … and {len(differences) - SHOWN_DECISIONS} more; `--json` lists them")
    lines += [(f"note: {note}", "warning") for note in result.notes]
    return [*lines, (result.verdict, "good" if result.recovered else "bad" if result.comparable else "warning")]


def _difference(found: Difference, *, with_good: bool) -> str:
    good = f" · known-good {_short(found.known_good)}" if with_good else ""
    sides = f"bad {_short(found.bad)}{good} · re-run {_short(found.rerun)}"
    return f"  {SYMBOLS[found.label]} {found.label:<16} {found.key}: {sides}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return safe_line("–" if value is None else text, 100)
