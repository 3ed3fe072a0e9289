"""The one JSON parser for documents: what it accepts has one meaning for every reader.

Refused: duplicate keys, NaN and infinities (1e999 too), a byte order mark, other encodings than UTF-8, lone
surrogates, and nesting that would exhaust the stack (reliability: hostile input).
"""

import json
import math
import re

_BOMS = ((b"\xef\xbb\xbf", "UTF-8 byte order mark"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
DEPTH_LIMIT = 200


class BadJson(ValueError):
    """Why bytes are no acceptable JSON; `truncated` when they only stop too early, as while being written."""

    def __init__(self, reason: str, *, truncated: bool = False) -> None:
        super().__init__(reason)
        self.truncated = truncated


def decode_text(data: bytes) -> str:
    """Return the text of UTF-8 bytes without a byte order mark, else raise BadJson."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            raise BadJson(f"begins with a {name}; save it as plain UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_short = error.end == len(data) and error.reason == "unexpected end of data"
        raise BadJson(f"is not UTF-8 at byte {error.start + 1}", truncated=cut_short) from None


def parse(data: bytes) -> object:
    """Return the document in `data`, or raise BadJson with a reason that names key or place."""
    text = decode_text(data)
    if not text.strip():
        raise BadJson("is empty", truncated=True)
    try:
        value: object = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        truncated = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        raise BadJson(
            f"is not JSON at line {error.lineno}, column {error.colno}: {error.msg}", truncated=truncated
        ) from None
    except RecursionError:
        raise BadJson("is nested too deeply") from None
    except BadJson:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise BadJson(f"holds a number that can't be read: {error}") from None
    _check(value, text)
    return value


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
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadJson(f"has the key {ascii(twice)[:80]} twice")
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
    for _ in range(DEPTH_LIMIT):
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
        if not deeper:
            return
        level = deeper
    raise BadJson("is nested too deeply")


def is_unicode(text: str) -> bool:
    """False when `text` holds a lone surrogate."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
