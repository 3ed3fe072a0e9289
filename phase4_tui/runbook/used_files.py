"""The files that the steps of a run use, hashed before each step and at the end: what changed is on record."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.known_hashes import HashedFile, KnownHashes
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, file_name
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.runbook.provenance import ChangedFile, Source, StepRecord
from phase4_tui.runbook.steps import Command, Place

Digests = Mapping[str, str | None]
"""The SHA-256 of files, named as in `StepRecord.used`; None for a file that is not there or can't be read."""


def path_of_used(name: str, tag: str, workdir: Path, reports: Path) -> Path:
    """Return where a file is by its name in `StepRecord.used`: an artifact of the tag, or a path from the workdir."""
    return (reports if name in RUNBOOK_ARTIFACTS.of(tag) else workdir) / name


class UsedFiles:
    """What is known of the files of one run, from what each step found and left; `changed` is what differs."""

    def __init__(
        self,
        tag: str,
        place: Place,
        commands: Sequence[Command],
        hashes: KnownHashes,
        planned: Iterable[Source] = (),
    ) -> None:
        self._tag = tag
        self._place = place
        self._hashes = hashes
        self._used: dict[str, Path] = {}
        """The files to compare at the end: input, rules and scripts of all steps, and each artifact once it is used."""
        for command in commands:
            self._used |= self._sources(command) | self._scripts(command)
        self._known = self._hash(name for command in commands for name in self._scripts(command))
        self._known |= {source.path: source.sha256 for source in planned}
        self.changed: tuple[ChangedFile, ...] = ()

    def keep(self, steps: Iterable[StepRecord]) -> None:
        """Take over what steps of an earlier run used and produced."""
        for step in steps:
            self._used |= {name: self._path_of(name) for name in step.used}
            self._compare(step.name, step.used)
            self._known |= step.produced

    def before(self, command: Command) -> dict[str, str]:
        """Return the SHA-256 of each file that a step will use and that is there."""
        used = self._sources(command) | self._scripts(command) | self._judged(command)
        self._used |= used
        found = self._hash(used)
        self._compare(command.step.name, found)
        return {name: sha256 for name, sha256 in found.items() if sha256 is not None}

    def after(self, command: Command, *, complete: bool) -> tuple[dict[str, str], dict[str, Identity]]:
        """Return SHA-256 and identity of each file that a step wrote; empty when it did not complete."""
        for name in command.expects:  # its own to write
            self._known.pop(name, None)
        if not complete:
            return {}, {}
        found = {name: self._look(self._place.reports / name, contained=True) for name in command.expects}
        produced = {name: file.sha256 for name, file in found.items() if file is not None}
        self._known |= produced
        return produced, {name: file.identity for name, file in found.items() if file is not None}

    def at_end(self) -> tuple[ChangedFile, ...]:
        """Compare once more every file that a step used, and return all that changed."""
        self._compare(None, self._hash(name for name in self._used if name in self._known))
        return self.changed

    def _compare(self, step: str | None, found: Digests) -> None:
        for name, after in found.items():
            before = self._known.setdefault(name, after)
            if before != after:
                self.changed += (ChangedFile(file=name, step=step, before=before, after=after),)
                self._known[name] = after

    def _hash(self, names: Iterable[str]) -> dict[str, str | None]:
        found = {name: self._look(self._used[name]) for name in names}
        return {name: None if file is None else file.sha256 for name, file in found.items()}

    def _look(self, path: Path, *, contained: bool = False) -> HashedFile | None:
        try:
            return self._hashes.look(path, contained=contained)
        except (Unreadable, OSError):
            return None

    def _sources(self, command: Command) -> dict[str, Path]:
        """Return input and rules by name, as far as the step reads them or its command line names them."""
        sources = (("pipeline", self._place.input), ("monitor", self._place.rules))
        read = (name for reader, name in sources if command.step.name == reader or name in command.argv)
        return {name: self._place.workdir / name for name in read}

    def _scripts(self, command: Command) -> dict[str, Path]:
        workdir = self._place.workdir
        return {
            str(script.relative_to(workdir) if script.is_relative_to(workdir) else script): script
            for script in command.scripts
        }

    def _judged(self, command: Command) -> dict[str, Path]:
        names = (file_name(self._tag, suffix) for suffix in command.step.judges)
        return {name: self._path_of(name) for name in names}

    def _path_of(self, name: str) -> Path:
        return path_of_used(name, self._tag, self._place.workdir, self._place.reports)
