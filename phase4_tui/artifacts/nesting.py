"""How deeply JSON may be nested: one limit for every reader, so that no answer depends on the interpreter."""

import re
from itertools import accumulate

DEPTH_LIMIT = 200
"""How many arrays and objects may be in each other. A row has four levels, an operator's own perhaps some more. Each
Python decodes and compares 200 with room to spare; its own limit differs: 3.11 ends below 1,000, 3.13 above 5,000."""
TOO_DEEP = f"is nested too deeply: more than {DEPTH_LIMIT} levels"

_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_TEXT = re.compile(rb'"[^"]*"?')


def is_deep(data: bytes, levels: int = DEPTH_LIMIT) -> bool:
    """True when more than `levels` arrays and objects are open in each other anywhere in `data`, JSON or not."""
    if data.count(b"[") + data.count(b"{") <= levels:
        return False
    quoted = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    # The empty texts go first, since most are: each bracket keeps an even or an odd number of quotes before it.
    brackets = _TEXT.sub(b"", quoted.translate(None, _OTHERS).replace(b'""', b""))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > levels
