"""The strict JSON parser for documents: what it accepts has one meaning for every reader.

Refused: duplicate keys, NaN and infinities (1e999 too), a byte order mark, other encodings than UTF-8, lone
surrogates, deep nesting, and arrays and objects without number (docs formats, "What a reader accepts").
"""

import json
import math
import re
from collections.abc import Sequence

from phase4_tui.artifacts.nesting import TOO_DEEP, TOO_MANY, is_crowded, is_deep
from phase4_tui.errors import Remedy, Unusable

_BOMS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_CUT_OFF = {
    "Expecting value": re.compile(r"t(ru?)?|f(a(ls?)?)?|n(ul?)?|-"),
    "Expecting ',' delimiter": re.compile(r"\.|[eE][+-]?"),
    "Invalid \\": re.compile(r"\\?u?[0-9a-fA-F]{0,4}"),
}
RESAVE = Remedy(effect="save it as plain UTF-8")
LONGEST_INT = 400


class BadJson(Unusable, ValueError):
    """Bytes that are no acceptable JSON, and why; `truncated` when they only end too early, as during a write."""

    def __init__(self, reason: str, *, truncated: bool = False, remedy: Remedy | Sequence[Remedy] = ()) -> None:
        super().__init__(reason, remedy=remedy)
        self.truncated = truncated


def decode_text(data: bytes) -> str:
    """Return the text of UTF-8 bytes without a byte order mark, else raise BadJson."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            raise BadJson(f"begins with a {name} byte order mark", remedy=RESAVE)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_short = error.end == len(data) and error.reason == "unexpected end of data"
        told = f"is not UTF-8 at byte {error.start + 1} (0x{data[error.start]:02x})"
        raise BadJson(told, truncated=cut_short, remedy=RESAVE) from None


def not_utf8(error: UnicodeDecodeError) -> str:
    """Return in words which byte of a part of a file is no UTF-8."""
    return f"is not UTF-8 (byte 0x{error.object[error.start]:02x})"


def parse(data: bytes) -> object:
    """Return the document in `data`; raises BadJson, whose reason names the key or the place."""
    text = decode_text(data)
    if not text.strip():
        raise BadJson("is empty", truncated=True)
    if is_deep(data):
        raise BadJson(TOO_DEEP)
    if is_crowded(data):
        raise BadJson(TOO_MANY)
    try:
        value: object = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise BadJson(
            f"is not JSON at line {error.lineno}, column {error.colno}: {error.msg}", truncated=stops_early(error)
        ) from None
    except BadJson:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise BadJson(f"holds a number that can't be read: {error}") from None
    _check(value, text)
    return value


def stops_early(error: json.JSONDecodeError) -> bool:
    """True when the text may be the beginning of a document: at most its last token is wrong, and may be cut off."""
    rest = error.doc[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated string"):
        return True
    return any(error.msg.startswith(message) and word.fullmatch(rest) for message, word in _CUT_OFF.items())


def parse_object(data: bytes) -> dict[str, object]:
    """Return the document in `data`, which must be a JSON object, else raise BadJson."""
    value = parse(data)
    if not isinstance(value, dict):
        raise BadJson("must be a JSON object")
    return value


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An `object_pairs_hook` that refuses a key given twice, by name."""
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"has the key {ascii(key)[:80]} twice")
            seen.add(key)
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    for key, item in pairs:
        if isinstance(item, float) and not math.isfinite(item):
            raise BadJson(f"key {ascii(key)[:80]} is not a finite number")
    return without_duplicates(pairs)


def _constant(name: str) -> float:
    return float(name)  # judged by `_object`, which knows the key, or by `_check`


def _check(value: object, text: str) -> None:
    surrogates = _ESCAPED_SURROGATE.search(text) is not None
    level: list[object] = [value]
    while level:
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
                if surrogates:
                    deeper.extend(item)
            elif isinstance(item, list):
                deeper.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise BadJson("holds a number that is not finite")
            elif surrogates and isinstance(item, str) and not is_unicode(item):
                raise BadJson("holds a lone surrogate, which is no text")
        level = deeper


def read_int(digits: str) -> float:
    """A `parse_int` without a limit on digits: an integer beyond the range of a float is read as infinite."""
    return int(digits) if len(digits) < LONGEST_INT else float(digits)


def is_unicode(text: str) -> bool:
    """False when `text` holds a lone surrogate."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
