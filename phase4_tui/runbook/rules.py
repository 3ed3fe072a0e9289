"""The rules that the monitor judges by, as a working directory sets them."""

import math
from pathlib import Path
from typing import TypeGuard

from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.strict_json import BadJson, parse
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.monitoring import DEFAULT_RULES, Rules, parse_rules


def read_rules(path: Path) -> tuple[Rules, str | None]:
    """Return the rules in a file, or the defaults and why it could not be used."""
    try:
        return parse_rules(parse(read_bytes(path))), None
    except FileNotFoundError:
        return DEFAULT_RULES, f"{path.name} is not there"
    except (Unreadable, BadJson, ValueError) as error:
        return DEFAULT_RULES, f"{path.name} {error_as_commands(error)}"


def is_share(value: object) -> TypeGuard[int | float]:
    """True for what can be a KPI: a number, finite, and not so large that nothing could be drawn of it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 and math.isfinite(value)
