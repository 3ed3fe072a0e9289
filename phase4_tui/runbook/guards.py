"""What holds a step, what the kernel refused, and what is therefore open: one table for records and for `doctor`."""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from pydantic import Field

from phase4_tui.artifacts.models import Document

FILTER = "filter of system calls"
NETWORK = ("tcp", "udp", "unix", "abstract", "libc")
BLOCKED = "blocked"


class Guard(Document):
    """One promise about a step: whether it holds, by which layers, which the kernel refused and why, what is open.

    `holds` only when the probe tried to break it and could not.
    """

    name: str
    holds: bool
    by: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)
    open: tuple[str, ...] = ()


class _Kind(NamedTuple):
    name: str
    tries: tuple[str, ...]
    """The probe's attempts at it (cage/probe.py)."""
    layers: Mapping[str, str]
    """What puts it up (cage/spec.py), each with what is open without that layer; empty: another one holds it too."""


_KINDS = (
    _Kind("network", NETWORK, {FILTER: "a step reaches the network"}),
    _Kind(
        "processes",
        ("see", "signal"),
        {
            "own processes": "what a step leaves behind is ended one by one, which a fork storm may outrun",
            "own /proc": "a step sees the other processes of the machine",
        },
    ),
    _Kind(
        "places",
        ("make", "mode"),
        {"read-only mounts": "a step changes modes, owners and times of files anywhere its user may", "Landlock": ""},
    ),
    _Kind("devices", ("terminal",), {"own /dev": "", "Landlock": ""}),
    _Kind("state", ("state",), {"read-only state": "a step writes reports/.phase4 and phase4.toml"}),
    _Kind("locks", ("lock",), {"hidden locks": "a step holds up freeze and switch with the program's locks"}),
    _Kind(
        "limits",
        ("size", "files", "memory", "fork"),
        {
            "limits": "a step's files and memory have no limit",
            "process limit": "a step starts as many processes as its user may",
        },
    ),
    _Kind("rights", ("rights",), {"few rights": "a step that root runs has the rights of root"}),
    _Kind("keys", ("keyring",), {"own keyring": "a step uses the keys of the operator's session"}),
)


def guards_of(found: Mapping[str, str], wanted: Iterable[str], refused: Mapping[str, str]) -> tuple[Guard, ...]:
    """Return the table: `found` has the outcome of each of the probe's attempts, `wanted` the layers asked for."""
    asked = {FILTER, *wanted}
    return tuple(_guard(kind, found, asked, refused) for kind in _KINDS)


def _guard(kind: _Kind, found: Mapping[str, str], asked: Set[str], refused: Mapping[str, str]) -> Guard:
    tried = {name: found[name] for name in kind.tries if name in found}
    reached = [name for name, said in tried.items() if not said.startswith(BLOCKED)]
    missing = {layer: refused[layer] for layer in kind.layers if layer in refused}
    opened = [kind.layers[layer] for layer in missing if kind.layers[layer]]
    if reached:
        opened.append(f"the probe got through: {', '.join(reached)}")
    if not tried:
        opened.append("the probe could not try it")
    return Guard(
        name=kind.name,
        holds=bool(tried) and not reached,
        by=tuple(layer for layer in kind.layers if layer in asked and layer not in missing),
        refused=missing,
        open=tuple(opened),
    )


def in_words(guards: Iterable[Guard]) -> list[str]:
    """Return the table's rows, aligned: what holds by what, what was refused, what is open."""
    rows = list(guards)
    width = max((len(row.name) for row in rows), default=0)
    return [f"{row.name:<{width}}  {row_of(row)}" for row in rows]


def row_of(guard: Guard) -> str:
    """Return one row of the table without its name."""
    words = [f"holds, by {' and '.join(guard.by)}" if guard.holds else "does not hold"]
    words += [f"refused: {layer} ({why})" for layer, why in guard.refused.items()]
    words += [f"open: {what}" for what in guard.open]
    return "; ".join(words)
