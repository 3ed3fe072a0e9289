"""Makes the README's links to files of the repository absolute where `[project.urls]` names its source.

A package index shows the README without the repository, so a relative link or picture leads nowhere there.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


def long_description(readme: str, source: str | None, version: str) -> str:
    """Return the README for a package index; `source` is the repository's address, None to leave links relative."""
    if source is None:
        return readme
    return _LINK.sub(rf"]({source.rstrip('/')}/raw/v{version}/\1)", readme)


class CustomMetadataHook(MetadataHookInterface):
    """Sets the long description of the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README to the metadata."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source")
        version = re.search(r'__version__ = "([^"]+)"', (Path(self.root) / "phase4_tui/__init__.py").read_text())
        if version is None:
            raise ValueError("phase4_tui/__init__.py names no version")
        text = long_description(text, source, version[1])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
