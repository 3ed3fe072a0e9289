"""Pairs the decisions of reports of any size, record by record, in constant memory.

Records are joined on underlying, timestamp and session slot. Each report is read once, side by side; a record
waits for its partners in a window. Up to `WINDOW` records may stand in any order; in longer reports partners
may be that far apart, which the same order fulfils.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from phase4_tui.artifacts.opening import Unreadable
from phase4_tui.artifacts.report import ReportReader
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.streaming import BadElement, decode_array
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.runbook.planning import Refused

WINDOW = 20_000
SIDES = ("bad", "known_good", "rerun")
DecisionCounts = dict[str, int]
Close = Callable[[float, float], bool]
Key = tuple[str, str, str, int]


class _Input(msgspec.Struct, frozen=True, gc=False):
    underlying: str
    timestamp: str
    session_slot: str = ""


class _Row(msgspec.Struct, frozen=True, gc=False):
    input: _Input
    decision: msgspec.Raw


_decode_row = msgspec.json.Decoder(_Row).decode


def _single(data: bytes, number: int) -> _Row:
    try:
        return _decode_row(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadElement(number, f"has no decision that can be compared: {error}") from None


def compare_decisions(
    paths: Mapping[str, Path], close: Close, shown: int
) -> tuple[DecisionCounts, list[dict[str, Any]]]:
    """Return how many decisions are the same and how many of each label, and the first `shown` that differ.

    `paths` maps `bad`, `rerun` and perhaps `known_good` to reports; raises Refused naming the one that can't be read.
    """
    pairing = _Pairing(tuple(side for side in SIDES if side in paths), close, shown)
    rows = {side: _rows(path) for side, path in paths.items()}
    while rows:
        for side in list(rows):
            row = next(rows[side], None)
            if row is None:
                del rows[side]
            else:
                pairing.add(side, row)
    pairing.close_all()
    return pairing.counts, pairing.told


def _rows(path: Path) -> Iterator[_Row]:
    reader = ReportReader(path, decode_array(_Row), _single)
    try:
        for batch in reader:
            yield from batch
    except FileNotFoundError:
        raise Refused(f"{path} is missing") from None
    except (Unreadable, BadJson, BadElement) as error:
        raise Refused(f"{path}: {error}") from None


class _Pairing:
    def __init__(self, sides: tuple[str, ...], close: Close, shown: int) -> None:
        self.counts: DecisionCounts = {}
        self.told: list[dict[str, Any]] = []
        self._sides = sides
        self._close = close
        self._shown = shown
        self._waiting: dict[Key, dict[str, bytes]] = {}

    def add(self, side: str, row: _Row) -> None:
        found = row.input
        number = 0
        key = (found.underlying, found.timestamp, found.session_slot, number)
        while side in (waiting := self._waiting.setdefault(key, {})):
            number += 1  # the same record again in one report
            key = (*key[:3], number)
        waiting[side] = bytes(row.decision)
        if len(waiting) == len(self._sides):
            del self._waiting[key]
            self._judge(key, waiting)
        elif len(self._waiting) > WINDOW * len(self._sides):
            oldest = next(iter(self._waiting))
            self._count("out of order")
            self._judge(oldest, self._waiting.pop(oldest))

    def close_all(self) -> None:
        for key, sides in self._waiting.items():
            self._judge(key, sides)
        self._waiting.clear()

    def _count(self, label: str) -> None:
        self.counts[label] = self.counts.get(label, 0) + 1

    def _judge(self, key: Key, sides: Mapping[str, bytes]) -> None:
        bad, good, rerun = (sides.get(side) for side in SIDES)
        if len(sides) == len(self._sides) and len(set(sides.values())) == 1:
            self._count("same")
            return
        values = {side: _decoded(data) for side, data in sides.items()}
        label = self._label(values, bad, good, rerun)
        self._count(label)
        if label != "same" and len(self.told) < self._shown:
            name = safe_line(" ".join(part for part in key[:3] if part) + (f" #{key[3] + 1}" if key[3] else ""), 200)
            self.told.append({"key": name, "label": label} | _parts(values))

    def _label(self, values: dict[str, Any], bad: bytes | None, good: bytes | None, rerun: bytes | None) -> str:
        if good is not None and bad is not None and rerun is not None:
            was_off, is_off = bad != good, rerun != good
            if is_off and self._near(values["rerun"], values["known_good"]):
                return "within tolerance"
            if is_off:
                return "still there" if was_off else "new"
            return "gone" if was_off else "same"
        if good is not None:
            return "incomparable"  # what the known-good tag has, another lacks
        if bad is None:
            return "new"
        if rerun is None:
            return "gone"
        if bad == rerun:
            return "same" if "known_good" not in self._sides else "incomparable"
        return "within tolerance" if self._near(values["bad"], values["rerun"]) else "gone"

    def _near(self, left: object, right: object) -> bool:
        """True when two decisions differ in nothing but numbers, and in those by no more than the tolerance."""
        if isinstance(left, dict) and isinstance(right, dict):
            keys = (left.keys() | right.keys()) - {"rationale"}  # tells the same numbers in words
            return all(key in left and key in right and self._near(left[key], right[key]) for key in keys)
        if all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right)):
            return self._close(left, right)  # type: ignore[arg-type]  # both are numbers
        return left == right


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
