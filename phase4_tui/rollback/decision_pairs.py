"""Pairs the decisions of reports of any size, record by record, in constant memory.

Records are joined on underlying, instant and session slot. The reports are read once, in parallel; a record
waits for its partners in a window. Reports of up to `WINDOW` records may be in any order; in longer ones partners
may be up to `WINDOW` records apart.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS
from phase4_tui.artifacts.nesting import TOO_DEEP, is_deep
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.report import ReportReader
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, not_utf8
from phase4_tui.errors import Refused, Remedy
from phase4_tui.policy.timestamps import instant

WINDOW = 20_000
SIDES = ("bad", "known_good", "rerun")
DecisionCounts = dict[str, int]
Close = Callable[[float, float], bool]
Key = tuple[str, datetime | str, str]
"""Underlying, instant and session slot."""


class BadReport(Refused):
    """A report whose decisions can't be compared."""

    def __init__(self, side: str, path: Path, problem: str, *, remedy: Sequence[Remedy] = ()) -> None:
        super().__init__(f"{path}{problem}", remedy=remedy, side=side, file=str(path))
        self.side = side
        self.problem = f"its report{problem}"


class Pairs(NamedTuple):
    """The decisions of several reports, paired."""

    counts: DecisionCounts
    """The number of decisions by label, `same` included."""
    told: list[dict[str, Any]]
    """The first that differ."""
    comparable: bool = True
    """False when there are decisions, but none of the bad tag has one of the re-run to compare with."""


class _Input(msgspec.Struct, frozen=True, gc=False):
    underlying: str
    timestamp: str
    session_slot: str = ""


class _Row(msgspec.Struct, frozen=True, gc=False):
    input: _Input
    decision: msgspec.Raw


class _Held(msgspec.Struct, frozen=True, gc=False):
    """A record that waits for its partners; the bytes are a copy, so that the report's need not be kept."""

    timestamp: str
    decision: bytes


_decode_row = msgspec.json.Decoder(_Row).decode


def _single(data: bytes, number: int) -> _Row:
    if is_deep(data):
        raise BadElement(number, TOO_DEEP)
    try:
        data.decode("utf-8")
        return _decode_row(data)
    except UnicodeDecodeError as error:
        raise BadElement(number, not_utf8(error)) from None
    except msgspec.DecodeError as error:
        raise BadElement(number, f"has no decision that can be compared: {error}") from None


def compare_decisions(paths: Mapping[str, Path], close: Close, shown: int) -> Pairs:
    """Return the decisions, paired and labelled, and the first `shown` that differ.

    `paths` maps `rerun` and perhaps `bad` and `known_good` to reports; raises BadReport naming an unreadable one.
    Without `bad` every difference is incomparable; with `rerun` alone every decision is, and none is listed.
    """
    if len(paths) == 1:
        shown = 0
    pairing = _Pairing(tuple(side for side in SIDES if side in paths), close, shown)
    rows = {side: _rows(side, path) for side, path in paths.items()}
    while rows:
        for side in list(rows):
            row = next(rows[side], None)
            if row is None:
                del rows[side]
            else:
                pairing.add(side, row)
    pairing.close_all()
    return Pairs(pairing.counts, pairing.told, pairing.joined or not pairing.counts)


def _rows(side: str, path: Path) -> Iterator[_Row]:
    reader = ReportReader(path, decode_array(_Row), _single)
    try:
        for batch in reader:
            yield from batch
        named, owner = reader.head.get("run_tag"), RUNBOOK_ARTIFACTS.split(path.name)
        if owner is not None and isinstance(named, str) and named != owner[0]:
            raise BadReport(side, path, f" is another tag's: its key `run_tag` is {named!a}")
    except FileNotFoundError:
        raise BadReport(side, path, " is missing") from None
    except (Unreadable, BadJson, BadElement) as error:
        raise BadReport(side, path, f": {error.message}", remedy=error.remedies) from None
    if not reader.has_rows:
        raise BadReport(side, path, ": key `results` is missing or no array")


class _Pairing:
    def __init__(self, sides: tuple[str, ...], close: Close, shown: int) -> None:
        self.counts: DecisionCounts = {}
        self.told: list[dict[str, Any]] = []
        self.joined = False
        self._sides = sides
        self._close = close
        self._shown = shown
        # Records with the same key are paired in their order of occurrence.
        self._waiting: OrderedDict[Key, dict[str, list[_Held]]] = OrderedDict()
        self._held = 0

    def add(self, side: str, row: _Row) -> None:
        found = row.input
        key = (found.underlying, instant(found.timestamp), found.session_slot)
        waiting = self._waiting.setdefault(key, {})
        waiting.setdefault(side, []).append(_Held(found.timestamp, bytes(row.decision)))
        self._held += 1
        if len(waiting) == len(self._sides):
            self._take(key)
        elif self._held > WINDOW * len(self._sides):
            self._count("out of order")
            self._take(next(iter(self._waiting)))

    def close_all(self) -> None:
        while self._waiting:
            self._take(next(iter(self._waiting)))

    def _take(self, key: Key) -> None:
        """Judge the first record of each side that waits under `key`."""
        waiting = self._waiting[key]
        taken = {side: waiting[side].pop(0) for side in list(waiting)}
        if "bad" in taken and "rerun" in taken:
            self.joined = True
        self._held -= len(taken)
        left = {side: rows for side, rows in waiting.items() if rows}
        if left:
            self._waiting[key] = left
        else:
            del self._waiting[key]
        self._judge(key, taken)

    def _count(self, label: str) -> None:
        self.counts[label] = self.counts.get(label, 0) + 1

    def _judge(self, key: Key, sides: Mapping[str, _Held]) -> None:
        if len(sides) == len(self._sides) > 1 and len({one.decision for one in sides.values()}) == 1:
            self._count("same")
            return
        values = {side: _decoded(one.decision) for side, one in sides.items()}
        label = self._label(values)
        self._count(label)
        if label != "same" and len(self.told) < self._shown:
            underlying, _, slot = key
            timestamp = next(sides[side].timestamp for side in SIDES if side in sides)
            name = safe_line(" ".join(part for part in (underlying, timestamp, slot) if part), 200)
            self.told.append({"key": name, "label": label} | _parts(values))

    def _label(self, values: Mapping[str, Any]) -> str:
        if len(values) < len(self._sides):
            return self._label_of_lacking(values)
        if "bad" not in self._sides:
            same = "known_good" in values and _equal(values["known_good"], values["rerun"])
            return "same" if same else "incomparable"
        bad, rerun = values["bad"], values["rerun"]
        good = values.get("known_good", rerun)
        if _equal(bad, rerun) and _equal(rerun, good):
            return "same"  # equal values, written as other bytes
        was_off, is_off = not self._near(bad, good), not self._near(rerun, good)
        if is_off:
            return "still there" if was_off else "new"
        return "gone" if was_off else "within tolerance"

    def _label_of_lacking(self, values: Mapping[str, Any]) -> str:
        """Return the label of a record that some report lacks."""
        if "bad" not in self._sides or "known_good" in values or ("bad" in values and "rerun" in values):
            return "incomparable"
        return "gone" if "bad" in values else "new"

    def _near(self, left: object, right: object) -> bool:
        """True when two decisions differ only in numbers, and those are within the tolerance."""
        if isinstance(left, dict) and isinstance(right, dict):
            keys = (left.keys() | right.keys()) - {"rationale"}  # repeats the same numbers in words
            return all(key in left and key in right and self._near(left[key], right[key]) for key in keys)
        if all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right)):
            return self._close(left, right)  # type: ignore[arg-type]  # both are numbers
        return _equal(left, right)


def _equal(left: object, right: object) -> bool:
    """True when two JSON values are the same; unlike in Python, true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data.decode(errors="replace")


def _flat(decision: Mapping[str, Any]) -> dict[str, Any]:
    tags = decision.get("policy_tags")
    return {key: value for key, value in decision.items() if value is not tags} | (
        tags if isinstance(tags, dict) else {}
    )


def _parts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return, for each side, the fields of the decision in which the sides differ."""
    if not all(isinstance(value, dict) for value in values.values()):
        return {side: values.get(side) for side in SIDES}
    values = {side: _flat(value) for side, value in values.items()}
    keys = dict.fromkeys(key for value in values.values() for key in value)
    different = [
        key for key in keys if any(value.get(key) != next(iter(values.values())).get(key) for value in values.values())
    ]
    chosen = [key for key in different if key != "rationale"] or different or ["action"]
    return {side: {key: values[side].get(key) for key in chosen} if side in values else None for side in SIDES}
