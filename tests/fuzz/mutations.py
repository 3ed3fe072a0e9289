"""Makes hostile files of valid ones: bytes, lines, JSON and TOML values are changed at random, by a seed."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

from phase4_tui.journal.events import GENESIS, BadEvent, encode_line, seal

LARGEST = 1 << 20
"""Bytes of a mutated file; what the limits of size do is tested elsewhere."""
EDGE_NUMBERS = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "5e-324", "-0.0", "0.1e1", "1E400", "00", "01", "+1",
    "9" * 20, "-" + "9" * 30, "9" * 4400, "1" + "0" * 400, str(1 << 31), str(1 << 53), str(1 << 63), str(-(1 << 63)),
    str(1 << 64), "1.7976931348623157e308", "0x10", "1_000", "true", "null", "-1", "0",
)  # fmt: skip
EDGE_TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff x", "\u202e\u2066", "\ufeff", "\x1b]52;c;RVZJTA==\x07", "\x9b2J",
    "[@click=app.quit]x[/]", "[/nope]", "é" * 5000, "x" * 70_000, "../../etc/passwd", "/", ".", "..", "a/b", "-rf",
    "good", "GOOD", "phase4", "phase3_only", "2026-11-27T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "-1", "1e999", "NaN",
    "true", "null", "{tag}", "{}", "{0}", "%s", "\n", "\r\n# GO\n", "| | |", "漢" * 300, "\U0010ffff",
    "٣", "²", "1970-01-01", "2026-11-27T10:00:00.123456789Z", "24:00:00", "P0", "intent", "done", "running",
)  # fmt: skip
_TOKEN_TEXTS = ("[" * 300, "{" * 50, '{"a":' * 300, "]" * 30, "}", '"', "\\", "\\u", ",", ":", "=", "[[own_steps]]\n",
    "[a.b.c]\n",
    "'''", '"""', "<!--", "**", "#", "```", "&#x110000;", "&#0;", "~~", '"\\ud800"', '"\\u0000"')  # fmt: skip
_TOKEN_BYTES = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3", b"\xf8\x88\x80\x80\x80", b"\0" * 40)
TOKENS = (
    *(text.encode("utf-8", "surrogatepass") for text in (*EDGE_NUMBERS, *EDGE_TEXTS, *_TOKEN_TEXTS)),
    *_TOKEN_BYTES,
)
COUNTS = (2, 3, 10, 100, 5000)

Bytes = Callable[[bytes, random.Random], bytes]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the file after one to four random changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        data = rng.choice(CHANGES)(data, rng)
        if len(data) > LARGEST:
            data = data[:LARGEST]
    return data


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    begin = rng.randrange(len(data) + 1)
    return begin, min(len(data), begin + int(rng.paretovariate(0.5)))


def flip(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def behead(data: bytes, rng: random.Random) -> bytes:
    return data[rng.randrange(len(data) + 1) :]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    begin, end = _span(data, rng)
    return data[:begin] + data[end:]


def repeat(data: bytes, rng: random.Random) -> bytes:
    begin, end = _span(data, rng)
    times = rng.choice(COUNTS)
    return data[:begin] + data[begin:end] * min(times, LARGEST // max(end - begin, 1)) + data[end:]


def insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TOKENS) + data[at:]


def overwrite(data: bytes, rng: random.Random) -> bytes:
    begin, end = _span(data, rng)
    return data[:begin] + rng.choice(TOKENS) + data[end:]


def replace_number(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"-?\d[\d.eE+-]*", data))
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(EDGE_NUMBERS).encode() + data[match.end() :]


def move_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    kind = rng.randrange(5)
    at = rng.randrange(len(lines))
    if kind == 0:
        rng.shuffle(lines)
    elif kind == 1:
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
    elif kind == 2:
        del lines[at]
    elif kind == 3:
        lines[at] = b"".join(lines[at : at + 3])
    else:
        lines = lines * min(rng.choice(COUNTS), max(LARGEST // (len(data) + 1), 1))
    return b"\n".join(lines)


def recode(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return b"\xef\xbb\xbf" + data
    text = data.decode("utf-8", "replace")
    if kind == 1:
        return text.encode("utf-16", "replace")
    if kind == 2:
        return text.encode("utf-32", "replace")
    if kind == 3:
        return data.replace(b"\n", b"\r\n")
    return data.replace(b" ", rng.choice((b"\t", b"\xc2\xa0", b"\x0c", b"\n")))


def resealed(data: bytes, rng: random.Random) -> bytes:
    """Return a journal with hostile events whose hashes are right, as one who forges it would write."""
    head: dict[str, Any] = {"seq": 0, "hash": GENESIS}
    lines = []
    bodies = [json.loads(line) for line in data.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 5))):
        body = rng.choice(bodies)
        if rng.random() < 0.3:
            body[rng.choice(["at", "operator", "host", "kind", "tag", "incident"])] = rng.choice(EDGE_TEXTS)
        else:
            body["detail"] = _changed(body["detail"], rng)
    for body in bodies:
        body |= {"seq": head["seq"] + 1, "prev": head["hash"]}
        body.pop("hash", None)
        try:
            event = seal(json.loads(_written(body, rng)))
            line = encode_line(event)
        except (ValueError, TypeError, RecursionError, BadEvent):
            continue  # what no event can hold
        head = {"seq": event.seq, "hash": event.hash}
        lines.append(line)
    return b"".join(lines)


# JSON ---------------------------------------------------------------------------------------------------------


class _Raw(str):
    """A text that stands in JSON as it is."""


def change_json(data: bytes, rng: random.Random) -> bytes:
    """Change a value at a random place of a JSON document, or of one line of a file of such lines."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        try:
            line = json.loads(lines[at])
        except (ValueError, RecursionError):
            return insert(data, rng)
        lines[at] = _written(_changed(line, rng), rng)
        return b"\n".join(lines)
    return _written(_changed(value, rng), rng)


def _changed(value: Any, rng: random.Random) -> Any:
    places = list(_places(value))
    if not places:
        return _strange(value, rng)
    holder, key = rng.choice(places[:5000])
    kind = rng.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(rng.choice(EDGE_TEXTS))] = holder.pop(key)
    elif kind == 2 and isinstance(holder, dict):
        holder[rng.choice(EDGE_TEXTS)] = _strange(holder[key], rng)
    elif kind == 3 and isinstance(holder, list):
        holder[:] = holder * min(rng.choice(COUNTS), max(5000 // len(holder), 1))
    elif kind == 4:
        other, name = rng.choice(places[:5000])
        try:
            holder[key], other[name] = json.loads(json.dumps(other[name])), json.loads(json.dumps(holder[key]))
        except (KeyError, IndexError):
            holder.clear()
    else:
        holder[key] = _strange(holder[key], rng)
    return value


def _places(value: Any) -> Any:
    level = [value]
    while level:
        item = level.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            yield item, key
            level.append(item[key])


def _strange(value: Any, rng: random.Random) -> Any:
    choices: list[Callable[[], Any]] = [
        lambda: rng.choice(EDGE_TEXTS),
        lambda: rng.choice(EDGE_TEXTS),
        lambda: _Raw(rng.choice(EDGE_NUMBERS)),
        lambda: _Raw(rng.choice(EDGE_NUMBERS)),
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: [],
        dict,
        lambda: [value],
        lambda: {"a": value},
        lambda: [value] * rng.choice(COUNTS),
        lambda: {str(number): value for number in range(rng.choice(COUNTS))},
        lambda: _Raw("[" * (depth := rng.choice((190, 199, 201, 2000))) + "]" * depth),
        lambda: _Raw('{"a":' * (depth := rng.choice((190, 199, 201, 2000))) + "1" + "}" * depth),
        lambda: _Raw('{"a": 1, "a": 2}'),
        lambda: str(value),
        lambda: value[: len(value) // 2] if isinstance(value, str) else -1,
        lambda: value * 50 if isinstance(value, str) and len(value) < 500 else 10**25,
        lambda: value + rng.choice((-1, 1, 1e-9)) if isinstance(value, int | float) else "1",
    ]
    return rng.choice(choices)()


def _written(value: Any, rng: random.Random) -> bytes:
    raws: list[str] = []

    def plain(item: Any) -> Any:
        if isinstance(item, _Raw):
            raws.append(item)
            return f"\0RAW{len(raws) - 1}\0"
        if isinstance(item, dict):
            return {key: plain(one) for key, one in item.items()}
        return [plain(one) for one in item] if isinstance(item, list) else item

    indent, separators = rng.choice(((None, (",", ":")), (2, (",", ": ")), (None, (", ", ": "))))
    escaped = rng.random() < 0.5
    try:
        text = json.dumps(plain(value), indent=indent, separators=separators, ensure_ascii=escaped)
    except RecursionError:  # it was mutated into more depth than this Python can write
        return b"[" * 5000 + b"]" * 5000
    text = re.sub(r'"\\u0000RAW(\d+)\\u0000"', lambda match: raws[int(match.group(1))], text)
    return text.encode("utf-8", "surrogatepass")


CHANGES: tuple[Bytes, ...] = (
    flip, truncate, behead, cut_out, repeat, insert, insert, overwrite, overwrite, replace_number, replace_number,
    move_lines, recode, change_json, change_json, change_json, change_json, change_json, change_json,
)  # fmt: skip
