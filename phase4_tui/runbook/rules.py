"""The monitoring rules of a working directory."""

import math
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.strict_json import BadJson, parse
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.monitoring import DEFAULT_RULES, Rules, parse_rules


def read_rules(path: Path) -> tuple[Rules, str | None]:
    """Return the rules in a file and None, or the default rules and why the file could not be used."""
    try:
        return parse_rules(parse(read_bytes(path))), None
    except FileNotFoundError:
        return DEFAULT_RULES, f"{path.name} is not there"
    except (Unreadable, BadJson, ValueError) as error:
        return DEFAULT_RULES, f"{path.name} {error_as_commands(error)}"


def present_rules(path: Path) -> Rules | None:
    """Return the rules in a file, None where there are none that can be used; cheap to ask for every tag."""
    try:
        info = path.stat()
    except OSError:
        return None
    return _rules_at(path, info.st_ino, info.st_size, info.st_mtime_ns)


@lru_cache(maxsize=4)
def _rules_at(path: Path, *identity: int) -> Rules | None:
    rules, problem = read_rules(path)
    return rules if problem is None else None


def is_share(value: object) -> TypeGuard[int | float]:
    """True for a possible KPI: a finite number, not too large to be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 and math.isfinite(value)
