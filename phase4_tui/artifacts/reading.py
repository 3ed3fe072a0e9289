"""Reads one document into a `Look`, which tells absent, being written, unreadable, broken, older and valid apart."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import ValidationError

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.opening import MAX_DOCUMENT_BYTES, Unreadable, open_regular, read_capped
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, decode_text, parse_object

M = TypeVar("M", bound=Document)
LookState = Literal["absent", "writing", "unreadable", "broken", "older", "valid"]

WRITING_GRACE_NS = 3_000_000_000  # a file cut short counts as being written while its last change is this fresh
SHOWN_PROBLEMS = 20
RETRIES = 3
RETRY_SECONDS = 0.15


@dataclass(frozen=True)
class Look(Generic[M]):
    """What was found at `path`; `value` is set in the states older and valid."""

    path: Path
    state: LookState
    value: M | None = None
    problems: tuple[str, ...] = ()
    modified_ns: int | None = None

    @property
    def usable(self) -> bool:
        """True when there is a value."""
        return self.value is not None


def look(path: Path, model: type[M], *, limit: int = MAX_DOCUMENT_BYTES, patient: bool = True) -> Look[M]:
    """Read the document at `path`; a file that is being written is looked at again for half a second at most."""
    return patiently(lambda: _look_once(path, model, limit), patient=patient)


def patiently(look_once: Callable[[], Look[M]], *, patient: bool) -> Look[M]:
    """Look once, and while the file is being written some times more."""
    found = look_once()
    for _ in range(RETRIES if patient else 0):
        if found.state != "writing":
            break
        time.sleep(RETRY_SECONDS)
        found = look_once()
    return found


def look_text(path: Path, limit: int = MAX_DOCUMENT_BYTES) -> tuple[Look[Document], str]:
    """Read a Markdown file: the look (state valid, absent, writing or unreadable) and its text."""
    try:
        data, modified, changed = _read(path, limit)
        text = decode_text(data)
    except FileNotFoundError:
        return Look(path, "absent"), ""
    except Unreadable as error:
        return Look(path, "unreadable", problems=(str(error),), modified_ns=changed_ns(path)), ""
    except BadJson as error:
        return Look(path, "unreadable", problems=(str(error),), modified_ns=changed_ns(path)), ""
    if changed or (not text.strip() and now_ns() - modified < WRITING_GRACE_NS):
        return Look(path, "writing", modified_ns=modified), text
    if not text.strip():
        return Look(path, "unreadable", problems=("is empty",), modified_ns=modified), ""
    return Look(path, "valid", Document(), modified_ns=modified), text


def _read(path: Path, limit: int) -> tuple[bytes, int, bool]:
    """Return content, modification time, and whether the file changed while it was read."""
    with open_regular(path, contained=True) as file:
        before = os.fstat(file.fileno())
        data = read_capped(file, limit)
        after = os.fstat(file.fileno())
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    return data, after.st_mtime_ns, changed


def changed_ns(path: Path) -> int | None:
    """Return when a file, or the link that stands for it, was last changed."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return None


def _look_once(path: Path, model: type[M], limit: int) -> Look[M]:
    try:
        data, modified, changed = _read(path, limit)
    except FileNotFoundError:
        return Look(path, "absent")
    except Unreadable as error:
        return Look(path, "unreadable", problems=(str(error),), modified_ns=changed_ns(path))
    try:
        content = parse_object(data)
        value = model.model_validate(content)
    except BadJson as error:
        fresh = abs(now_ns() - modified) < WRITING_GRACE_NS
        state: LookState = "writing" if changed or (error.truncated and fresh) else "unreadable"
        return Look(path, state, problems=(str(error),), modified_ns=modified)
    except ValidationError as error:
        return Look(path, "broken", problems=tuple(schema_problems(error)), modified_ns=modified)
    missing = value.missing_keys()
    if missing:
        problems = tuple(f"older schema: key `{key}` is missing" for key in missing[:SHOWN_PROBLEMS])
        if len(missing) > SHOWN_PROBLEMS:
            problems += (f"… and {len(missing) - SHOWN_PROBLEMS} more missing keys",)
        return Look(path, "older", value, problems, modified)
    return Look(path, "valid", value, (), modified)


def schema_problems(error: ValidationError) -> list[str]:
    """Return one line per problem, each naming its key; of very many only the first."""
    lines = []
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:SHOWN_PROBLEMS]:
        key = safe_line(".".join(str(part) for part in problem["loc"]) or "the document", 120)
        if problem["type"] == "missing":
            lines.append(f"key `{key}` is missing")
        else:
            found = safe_line(ascii(problem["input"]), 60)
            lines.append(f"key `{key}`: {safe_line(problem['msg'], 200)}, found {found}")
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"… and {len(problems) - SHOWN_PROBLEMS} more problems")
    return lines
