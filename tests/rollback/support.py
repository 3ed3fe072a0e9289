"""A working directory with tags, and operations given in it as an operator gives them."""

from pathlib import Path

from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.runbook.frozen_tags import look_at_frozen
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def site_of(work: Path, operator: str = "maria") -> Site:
    """Return the place of operations for an operator."""
    return Site(work, load_settings(work, ENVIRONMENT, {"operator": operator}), ENVIRONMENT)


def give(site: Site, plan: Plan) -> Done:
    """Carry an operation out."""
    return carry_out(site, plan)


def freeze(work: Path, tag: str, reason: str = "evidence", operator: str = "maria") -> Done:
    """Freeze a tag."""
    site = site_of(work, operator)
    return carry_out(site, plan_freeze(site, tag, reason))


def state_of(work: Path) -> OperationsState:
    """Return the state of operations."""
    return read_state(work / "reports")


def frozen_state(work: Path, tag: str) -> FrozenState:
    """Return whether a tag is frozen and as it was frozen, as each look sees it."""
    return look_at_frozen(site_of(work), tag, state_of(work))[0]
