"""Looks at a report of any size by its beginning and end alone, as an index of ten thousand tags can afford."""

import io
import os
import re
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.documents import WRITING_GRACE_NS, Look, changed_ns, patiently, schema_problems
from phase4_tui.artifacts.json_stream import BadElement, Cursor, decode_array, read_object
from phase4_tui.artifacts.models import ReportHead
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.artifacts.report import tolerant_row
from phase4_tui.artifacts.strict_json import BadJson, parse_object
from phase4_tui.errors import error_as_commands

LOOK_BYTES = 4096
_ROWS = re.compile(rb'"results"\s*:\s*\[')


def look_report(path: Path | str, *, patient: bool = True) -> Look[ReportHead]:
    """Look at no more than a report's beginning and end, whatever its size; `value` is None where it is not all seen.

    That all between them is whole, only reading it tells.
    """
    file = str(path)
    return patiently(lambda: _look_once(file), patient=patient)


def _look_once(file: str) -> Look[ReportHead]:
    try:
        with open_regular(file, contained=True) as opened:
            info = os.fstat(opened.fileno())
            head = opened.read(LOOK_BYTES)
            end = os.pread(opened.fileno(), LOOK_BYTES, max(info.st_size - LOOK_BYTES, 0))
    except FileNotFoundError:
        return Look(file, "absent")
    except Unreadable as error:
        return Look(file, "unreadable", problems=(error_as_commands(error),), modified_ns=changed_ns(file))
    fresh = abs(now_ns() - info.st_mtime_ns) < WRITING_GRACE_NS
    ends, whole = end.rstrip().endswith(b"}"), info.st_size <= LOOK_BYTES
    try:
        seen = _keys_of(head, whole)
        if not ends:
            raise BadJson("does not end as a JSON object does", truncated=True)
    except (BadJson, BadElement) as error:
        cut_short = error.truncated if isinstance(error, BadJson) else not ends
        state: Literal["writing", "unreadable"] = "writing" if fresh and cut_short else "unreadable"
        return Look(file, state, problems=(error_as_commands(error),), modified_ns=info.st_mtime_ns)
    value, problems = _judged(seen, whole)
    return Look(file, "broken" if problems else "valid", value, problems, info.st_mtime_ns)


def _keys_of(head: bytes, whole: bool) -> dict[str, object]:
    """Return the keys that a report begins with, up to its rows or to where no more was read."""
    if not head.strip():
        raise BadJson("is empty", truncated=True)
    try:
        return _quickly(head, whole)
    except BadJson:
        return _carefully(head, whole)  # finds out what is wrong, and takes rows that are no strict JSON


def _quickly(head: bytes, whole: bool) -> dict[str, object]:
    if whole:
        seen = parse_object(head)
        return seen | {"results": ()} if isinstance(seen.get("results"), list) else seen
    rows = _ROWS.search(head)
    if rows is None:
        raise BadJson("has no rows where they are looked for")
    return parse_object(head[: rows.start()].rstrip().removesuffix(b",") + b"}") | {"results": ()}


def _carefully(head: bytes, whole: bool) -> dict[str, object]:
    seen: dict[str, object] = {}
    try:
        for item in read_object(Cursor(io.BytesIO(head)), "results", decode_array(object), tolerant_row):
            if isinstance(item, list):
                seen["results"] = ()
                if not whole:
                    break
            else:
                seen[item[0]] = item[1]
    except BadJson as error:
        if whole or not error.truncated:
            raise
    return seen


def _judged(seen: dict[str, object], whole: bool) -> tuple[ReportHead | None, tuple[str, ...]]:
    problems = []
    if seen.get("results", None if whole else ()) != ():
        problems.append(f"key `results` is {'no array' if 'results' in seen else 'missing'}")
    try:
        return (None if problems else ReportHead.model_validate(seen)), tuple(problems)
    except ValidationError as error:
        found = [problem for problem in schema_problems(error) if whole or not problem.endswith("is missing")]
        return None, (*found, *problems)
