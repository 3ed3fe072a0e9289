"""Where operations are given and runs are made: a working directory with its settings and environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, ArtifactNames
from phase4_tui.journal.actor import Actor
from phase4_tui.runbook.settings import Settings


@dataclass(frozen=True)
class Site:
    """A working directory, with which settings, in which environment."""

    workdir: Path
    settings: Settings
    environment: Mapping[str, str]

    @property
    def reports(self) -> Path:
        """The reports directory."""
        return self.workdir / self.settings.reports

    @cached_property
    def artifacts(self) -> ArtifactNames:
        """Which files are artifacts of a tag here."""
        own = self.settings.own_suffixes
        return ArtifactNames(own) if own else RUNBOOK_ARTIFACTS

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor(self.settings.operator)
