"""Tag names, and which file of a reports directory belongs to which tag (docs formats, "Tags" and "Artifacts")."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from phase4_tui.errors import Refused

DEFAULT_TAG = "phase4_demo"
STATE_DIR = ".phase4"
TAG_RULE = "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit, without `..`"

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Artifact(StrEnum):
    """The artifacts of a tag; the value is the name's suffix."""

    REPORT = "_report.json"
    SUMMARY = "_summary.json"
    REPORT_MD = "_report.md"
    RELEASE_CHECK = "_release_check.json"
    QUALITY_CHECK = "_quality_check.json"
    PHASE4_SIGNOFF = "_phase4_signoff.md"
    PHASE3_SIGNOFF = "_phase3_signoff.md"
    MONITORING = "_monitoring.json"
    MONITORING_MD = "_monitoring.md"

    @property
    def key(self) -> str:
        """The artifact's name on the command line: `report_json`, `report_md`, `phase4_signoff_md` …"""
        return key_of(self.value)


def key_of(suffix: str) -> str:
    """Return how an artifact is named on the command line, from its suffix."""
    return suffix.lstrip("_").replace(".", "_")


class BadTag(Refused, ValueError):
    """A text that is not a valid tag."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{ascii(text)[:80]} is no run tag: a tag is {TAG_RULE}", tag=text)


def check_tag(text: str) -> str:
    """Return `text` when it is a valid tag, else raise BadTag."""
    if not _TAG.fullmatch(text) or ".." in text:
        raise BadTag(text)
    return text


def is_tag(text: str) -> bool:
    """True when `text` is a valid tag."""
    return _TAG.fullmatch(text) is not None and ".." not in text


def file_name(tag: str, suffix: str) -> str:
    """Return the file name of the artifact with that suffix; raises BadTag."""
    return f"{check_tag(tag)}{suffix}"


@dataclass(frozen=True)
class ArtifactNames:
    """The artifacts of a tag: the runbook's, then those of the desk's own steps and checks."""

    own: tuple[str, ...] = ()
    """The suffixes of the desk's own files."""

    @cached_property
    def suffixes(self) -> tuple[str, ...]:
        """Every suffix, the runbook's first and in its order, each as an `Artifact`."""
        return (*Artifact, *self.own)

    @cached_property
    def by_key(self) -> dict[str, str]:
        """Every suffix by its name on the command line."""
        return {key_of(suffix): suffix for suffix in self.suffixes}

    @cached_property
    def _longest_first(self) -> tuple[str, ...]:
        return tuple(sorted(self.suffixes, key=lambda suffix: -len(suffix)))

    def split(self, name: str) -> tuple[str, str] | None:
        """Return (tag, suffix) by the longest known suffix, or None when the file belongs to no tag."""
        for suffix in self._longest_first:
            if name.endswith(suffix):
                tag = name.removesuffix(suffix)
                return (tag, suffix) if is_tag(tag) else None
        return None

    def of(self, tag: str) -> list[str]:
        """Return the names of a tag's possible artifacts, existing or not; raises BadTag."""
        check_tag(tag)
        return [f"{tag}{suffix}" for suffix in self.suffixes]


RUNBOOK_ARTIFACTS = ArtifactNames()
"""For the runbook's own commands, which know no settings and use no other files."""


@lru_cache(maxsize=16)
def state_dir(reports: Path) -> Path:
    """Return the directory with the state of operations of a reports directory."""
    return reports / STATE_DIR
