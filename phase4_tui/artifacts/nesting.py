"""How deeply JSON may be nested, and how much: one limit for every reader, so that no answer depends on the machine."""

import re
from itertools import accumulate

DEPTH_LIMIT = 200
"""How many arrays and objects may be in each other. A row has four levels, an operator's own perhaps some more. Each
Python decodes and compares 200 with room to spare; its own limit differs: 3.11 ends below 1,000, 3.13 above 5,000."""
TOO_DEEP = f"is nested too deeply: more than {DEPTH_LIMIT} levels"

CONTAINER_LIMIT = 100_000
"""How many arrays and objects one document may hold: each takes some hundred bytes of memory for two on disk."""
TOO_MANY = f"holds more than {CONTAINER_LIMIT:,} arrays and objects"

_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_TEXT = re.compile(rb'"[^"]*"?')


def is_deep(data: bytes, levels: int = DEPTH_LIMIT) -> bool:
    """True when more than `levels` arrays and objects are open in each other anywhere in `data`, JSON or not."""
    if data.count(b"[") + data.count(b"{") <= levels:
        return False
    return max(accumulate(map(_STEPS.__getitem__, _brackets(data))), default=0) > levels


def is_crowded(data: bytes) -> bool:
    """True when more than CONTAINER_LIMIT arrays and objects begin in `data`."""
    if data.count(b"[") + data.count(b"{") <= CONTAINER_LIMIT:
        return False
    brackets = _brackets(data)
    return brackets.count(b"[") + brackets.count(b"{") > CONTAINER_LIMIT


def _brackets(data: bytes) -> bytes:
    """Return the brackets of `data` that stand outside its texts."""
    quoted = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    # The empty texts go first, since most are: each bracket keeps an even or an odd number of quotes before it.
    return _TEXT.sub(b"", quoted.translate(None, _OTHERS).replace(b'""', b""))
