"""What to put up around a step, as the program says it to the launcher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LAYERS = (
    "own processes",
    "own /proc",
    "read-only mounts",
    "Landlock",
    "own /dev",
    "read-only state",
    "hidden locks",
    "process limit",
    "limits",
    "few rights",
    "own keyring",
)
"""Every layer of the cage but the filter of system calls, which is `ChildSpec.barrier`."""


@dataclass(frozen=True)
class StepLimits:
    """What a step may use up: `processes` in all, the rest for each process of it; None is no limit."""

    processes: int = 1024
    open_files: int = 1024
    file_bytes: int = 16 << 30
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Cage:
    """The layers to put up, and where a step may write; every path is absolute and without links."""

    layers: tuple[str, ...] = LAYERS
    required: bool = True
    """When a layer is refused the step does not start; else it starts without that layer."""
    writable: tuple[Path, ...] = ()
    sealed: tuple[Path, ...] = ()
    hidden: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    """By directory, itself sealed: the names in it that a step sees as empty."""
    limits: StepLimits = StepLimits()

    def as_json(self) -> dict[str, Any]:
        """Return it as the launcher reads it."""
        return {
            "layers": list(self.layers),
            "required": self.required,
            "writable": [str(path) for path in self.writable],
            "sealed": [str(path) for path in self.sealed],
            "hidden": {str(path): list(names) for path, names in self.hidden.items()},
            "limits": vars(self.limits),
        }
