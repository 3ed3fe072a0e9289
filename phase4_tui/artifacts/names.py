"""Tag names, and which file of a reports directory belongs to which tag (formats.md, The reports directory)."""

import re
from enum import StrEnum
from functools import lru_cache
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
        return self.value.lstrip("_").replace(".", "_")


_LONGEST_FIRST = sorted(Artifact, key=lambda artifact: -len(artifact.value))


class BadTag(Refused, ValueError):
    """A text that can't be a tag."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{ascii(text)[:80]} is no run tag: a tag is {TAG_RULE}", tag=text)


def check_tag(text: str) -> str:
    """Return `text` when it is a tag, else raise BadTag."""
    if not _TAG.fullmatch(text) or ".." in text:
        raise BadTag(text)
    return text


def is_tag(text: str) -> bool:
    """True when `text` can be a tag."""
    return _TAG.fullmatch(text) is not None and ".." not in text


def file_name(tag: str, artifact: Artifact) -> str:
    """Return the artifact's file name; raises BadTag."""
    return check_tag(tag) + artifact.value


def split_name(name: str) -> tuple[str, Artifact] | None:
    """Return (tag, artifact) by the longest known suffix, or None when the file is nobody's."""
    for artifact in _LONGEST_FIRST:
        if name.endswith(artifact.value):
            tag = name.removesuffix(artifact.value)
            return (tag, artifact) if is_tag(tag) else None
    return None


@lru_cache(maxsize=16)
def state_dir(reports: Path) -> Path:
    """Return where the state of operations of a reports directory lives."""
    return reports / STATE_DIR
