"""Reads one document into a `Look`, whose state is absent, writing, unreadable, broken, older or valid."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import ValidationError

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.plain_words import schema_words
from phase4_tui.artifacts.regular_files import MAX_DOCUMENT_BYTES, Unreadable, open_regular, read_capped
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, decode_text, parse, parse_object
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.values import show
from phase4_tui.policy.visible_text import is_blank

M = TypeVar("M", bound=Document)
LookState = Literal["absent", "writing", "unreadable", "broken", "older", "valid"]

WRITING_GRACE_NS = 3_000_000_000  # a truncated file changed this recently counts as being written
SHOWN_PROBLEMS = 20
RETRIES = 3
RETRY_SECONDS = 0.15


@dataclass(frozen=True)
class Look(Generic[M]):
    """The result of reading `file`; `value` is set in the states older and valid."""

    file: str
    """Its path, as text: an index looks at tens of thousands."""
    state: LookState
    value: M | None = None
    problems: tuple[str, ...] = ()
    modified_ns: int | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.file.rpartition("/")[2]

    @property
    def usable(self) -> bool:
        """True when there is a value."""
        return self.value is not None


class AnyJson(Document):
    """A JSON document of any shape."""

    content: object


def look(path: Path | str, model: type[M], *, limit: int = MAX_DOCUMENT_BYTES, patient: bool = True) -> Look[M]:
    """Read the document at `path`; `patient` waits up to half a second for a file that is being written."""
    file = str(path)

    def read(data: bytes) -> M:
        return model.model_validate(parse_object(data))

    return patiently(lambda: _look_once(file, read, limit), patient=patient)


def look_json(path: Path | str, *, patient: bool = True) -> Look[Document]:
    """Read the JSON document at `path` as `look` does, into an `AnyJson`."""
    file = str(path)

    def read(data: bytes) -> Document:
        return AnyJson.model_construct(content=parse(data))

    return patiently(lambda: _look_once(file, read, MAX_DOCUMENT_BYTES), patient=patient)


def patiently(look_once: Callable[[], Look[M]], *, patient: bool) -> Look[M]:
    """Look once, and if `patient` again while the file is being written."""
    found = look_once()
    for _ in range(RETRIES if patient else 0):
        if found.state != "writing":
            break
        time.sleep(RETRY_SECONDS)
        found = look_once()
    return found


def look_text(path: Path | str, limit: int = MAX_DOCUMENT_BYTES) -> tuple[Look[Document], str]:
    """Read a Markdown file: the look (state valid, absent, writing or unreadable) and its text.

    A file of white space, NUL bytes or invisible characters alone says nothing: it is as good as absent.
    """
    file = str(path)
    try:
        data, modified, changed = _read(file, limit)
        text = decode_text(data)
    except FileNotFoundError:
        return Look(file, "absent"), ""
    except Unreadable as error:
        return Look(file, "unreadable", problems=(error_as_commands(error),), modified_ns=changed_ns(file)), ""
    except BadJson as error:
        return Look(file, "unreadable", problems=(error_as_commands(error),), modified_ns=changed_ns(file)), ""
    blank = is_blank(text)
    if changed or (blank and abs(now_ns() - modified) < WRITING_GRACE_NS):
        return Look(file, "writing", modified_ns=modified), text
    if blank:
        return Look(file, "absent", problems=("holds no visible text",), modified_ns=modified), ""
    return Look(file, "valid", Document(), modified_ns=modified), text


def _read(file: str, limit: int) -> tuple[bytes, int, bool]:
    """Return content, modification time in ns, and whether the file changed during the read."""
    with open_regular(file, contained=True) as opened:
        before = os.fstat(opened.fileno())
        data = read_capped(opened, limit)
        after = os.fstat(opened.fileno())
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    return data, after.st_mtime_ns, changed


def changed_ns(path: Path | str) -> int | None:
    """Return when a file, or the link to it, was last changed, in ns; None when there is none."""
    try:
        return Path(path).lstat().st_mtime_ns
    except OSError:
        return None


def _look_once(file: str, read: Callable[[bytes], M], limit: int) -> Look[M]:
    try:
        data, modified, changed = _read(file, limit)
    except FileNotFoundError:
        return Look(file, "absent")
    except Unreadable as error:
        return Look(file, "unreadable", problems=(error_as_commands(error),), modified_ns=changed_ns(file))
    try:
        value = read(data)
    except BadJson as error:
        fresh = abs(now_ns() - modified) < WRITING_GRACE_NS
        state: LookState = "writing" if changed or (error.truncated and fresh) else "unreadable"
        return Look(file, state, problems=(error_as_commands(error),), modified_ns=modified)
    except ValidationError as error:
        return Look(file, "broken", problems=tuple(schema_problems(error)), modified_ns=modified)
    missing = value.missing_keys()
    if missing:
        problems = tuple(f"older schema: key `{key}` is missing" for key in missing[:SHOWN_PROBLEMS])
        if len(missing) > SHOWN_PROBLEMS:
            problems += (f"… and {len(missing) - SHOWN_PROBLEMS} more missing keys",)
        return Look(file, "older", value, problems, modified)
    return Look(file, "valid", value, (), modified)


def schema_problems(error: ValidationError) -> list[str]:
    """Return one line per problem, naming its key; at most the first few."""
    lines = []
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:SHOWN_PROBLEMS]:
        key = safe_line(".".join(str(part) for part in problem["loc"]) or "the document", 120)
        if problem["type"] == "missing":
            lines.append(f"key `{key}` is missing")
        else:
            words = safe_line(schema_words(problem["msg"]), 200)
            lines.append(f"key `{key}`: {words}, found {_shown(problem['input'])}" if problem["loc"] else words)
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"… and {len(problems) - SHOWN_PROBLEMS} more problems")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return show(value)
