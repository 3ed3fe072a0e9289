"""The monitoring rules of a working directory."""

import math
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import Identity, identity_of
from phase4_tui.artifacts.known_hashes import is_settled
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
    moment = now_ns()
    try:
        identity = identity_of(path.stat())
    except OSError:
        return None
    # Who writes to a file that was just written may leave its identity as it is.
    return _rules_at(path, identity) if is_settled(identity, moment) else _usable_rules(path)


def _usable_rules(path: Path) -> Rules | None:
    rules, problem = read_rules(path)
    return rules if problem is None else None


@lru_cache(maxsize=4)
def _rules_at(path: Path, identity: Identity) -> Rules | None:
    return _usable_rules(path)


def is_share(value: object) -> TypeGuard[int | float]:
    """True for a possible KPI: a finite number, not too large to be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 and math.isfinite(value)
