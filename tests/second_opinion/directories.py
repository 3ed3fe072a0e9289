"""Working directories: laid out, with a tag that was made by hand, and copied in the ways of an operator."""

import random
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Literal

from phase4_tui.artifacts.names import Artifact
from tests.second_opinion.edits import ARTIFACTS
from tests.second_opinion.runs import run_in

Way = Literal["cp -r", "rsync -r", "tar", "mv"]
WAYS: tuple[Way, ...] = ("cp -r", "rsync -r", "tar", "mv")


@cache
def made_by_hand(batch: str, engine: str, tag: str) -> dict[Artifact, bytes]:
    """Return the artifacts that a run leaves, as if an operator had started each step by hand."""
    with tempfile.TemporaryDirectory() as directory:
        work = laid_out(Path(directory))
        assert run_in(work, tag, batch, engine=engine)
        return {artifact: (work / "reports" / f"{tag}{artifact}").read_bytes() for artifact in ARTIFACTS}


def laid_out(work: Path) -> Path:
    """Return a working directory without a tag."""
    (work / "reports").mkdir(parents=True)
    (work / "monitoring_rules.json").write_bytes(b"{}")
    return work


def copy_tree(way: Way, source: Path, target: Path, chance: random.Random) -> None:
    """Copy or move a directory in one of the ways."""
    if way == "mv":
        source.rename(target)
    elif way == "cp -r":
        subprocess.run(["cp", "-r", source, target], check=True)
    elif way == "tar":
        target.mkdir()
        packed = target.with_suffix(".tar")
        subprocess.run(["tar", "cf", packed, "-C", source, "."], check=True)
        subprocess.run(["tar", "xmf", packed, "-C", target], check=True)
    else:  # as rsync -r does: new times, one file after the other
        found = [path for path in source.rglob("*") if path.is_file()]
        chance.shuffle(found)
        for path in (source, *source.rglob("*")):
            if path.is_dir():
                (target / path.relative_to(source)).mkdir(parents=True, exist_ok=True)
        for path in found:
            shutil.copyfile(path, target / path.relative_to(source))
