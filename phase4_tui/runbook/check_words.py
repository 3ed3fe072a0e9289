"""A health check in plain words, for both faces; its `found` and `expected` are for scripts."""

import re
from pathlib import Path

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.plain_words import plain, section
from phase4_tui.journal.finding_words import placed
from phase4_tui.runbook.health import Check, CheckState

_MISSING: dict[CheckState, str] = {"absent": "missing", "unreadable": "can't be read", "writing": "being written"}
_STALE = re.compile(r"stale \((.*)\)", re.DOTALL)
_EQUATION = re.compile(r"(?P<key>[\w.]+)=(?P<value>.*)", re.DOTALL)
_SECTION = re.compile(r"\b[a-z]+(?:_[a-z]+)+_(?:valid|enforced)\b")
_SAYS = {"passed=true": "passed", "passed=false": "did not pass", "status=OK": "OK", "status=ALERT": "ALERT"}


def state_word(state: str) -> str:
    """Return the state of a check in a word or two: `passed`, `missing`, `not applicable`."""
    return "OK" if state == "ok" else plain(state)


def check_words(check: Check) -> str:
    """Return what a check says beyond its state, e.g. `passed, but older than the report`; may be empty."""
    if check.state == "not_applicable":
        return check.expected
    if check.found == "broken schema":
        return f"{Path(check.file).name} does not have the expected keys"
    if check.state in _MISSING:
        return f"{Path(check.file).name} {'' if check.state == 'unreadable' else 'is '}{_MISSING[check.state]}"
    stale = _STALE.fullmatch(check.found)
    if stale is not None:
        return f"{_said(check, stale[1])}, but {check.doubt.removeprefix('is ')}"
    if check.found == "present, but it says NO-GO":
        return "the note says NO-GO"
    if check.found == "passed=false":
        return "; ".join(filter(None, ("did not pass", check.detail)))
    if check.ok and check.found in ("passed=true", "present"):
        return check.detail
    if check.found == "status=ALERT" and check.issues:
        return counted(len(check.issues), "alert")
    return "no alert" if check.found == "status=OK" else _said(check, check.found)


def check_reasons(check: Check) -> list[str]:
    """Return why a check does not hold, or what is off, one line each, without what `check_words` has said."""
    name = Path(check.file).name
    return [placed(issue, name) for issue in check.issues if not (check.doubt and issue.startswith(check.doubt))]


def _said(check: Check, found: str) -> str:
    """Return `passed=true, but contradicted` as `passed, but contradicted`, and another value beside the expected."""
    for equation, words in _SAYS.items():
        if found == equation or found.startswith((f"{equation} ", f"{equation}, ")):
            rest = _SECTION.sub(lambda match: section(match[0]), found.removeprefix(equation))
            return f"{words}{', but' if rest.startswith(' ') and words in ('passed', 'OK') else ''}{rest}"
    given, wanted = _EQUATION.fullmatch(found), _EQUATION.fullmatch(check.expected)
    if given is None or wanted is None:
        return found
    same = given["value"] == wanted["value"]  # a text and a value may look alike
    return f"{given['key']} is {given['value']}" + ("" if check.ok or same else f", not {wanted['value']}")
