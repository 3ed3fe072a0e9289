"""Commands given on a directory with mutated files: what they answer is in words, or in JSON, and never a traceback."""

import json
import os
import random
import shutil
import time
import traceback
from pathlib import Path

from tests.cli.support import DANGEROUS, Answer, ask
from tests.fuzz.readers import READERS, TAG, forge_head

COMMANDS = (
    ("status", "--json"), ("status",), ("verify",), ("verify", "--json"), ("journal",), ("journal", "--json"),
    ("tags",),
    ("decisions", "--tag", TAG), ("decisions", "--tag", TAG, "--json"), ("trends",), ("audit", "--tag", TAG),
    ("incident", "show"), ("incident", "list"), ("incident", "export"), ("known-good", "list"), ("mode", "show"),
    ("runbook",), ("root-cause", "list"), ("transcript", "--tag", TAG), ("run", "--dry-run"), ("rollback", "--json"),
    ("freeze", "bad", "--reason", "R", "--dry-run"), ("path", "report_json"), ("status", "--tag", "bad"),
)  # fmt: skip
ALWAYS = COMMANDS[0], COMMANDS[3], COMMANDS[5]
MOST_FILES = 3


def try_faces(clean: Path, place: Path, seed: str) -> str | None:
    """Mutate some files of a copy of `clean` at `place` and ask; return what went wrong, after which the copy stays."""
    rng = random.Random(seed)
    shutil.copytree(clean, place, symlinks=True)
    for name in rng.sample(sorted(READERS), rng.randint(1, MOST_FILES)):
        path = rng.choice(READERS[name].files(place))
        data = READERS[name].mutate(path.read_bytes(), rng)
        path.unlink()
        path.write_bytes(data)
        if name == "resealed":
            forge_head(path)
        moment = time.time() - 3600
        os.utime(path, (moment, moment))
    for words in (*ALWAYS, *rng.sample(COMMANDS, 3)):
        try:
            why = _wrong(ask(place, *words), words)
        except Exception:  # noqa: BLE001 - any is what is looked for
            why = traceback.format_exc()
        if why is not None:
            return f"phase4 {' '.join(words)}: {why}"
    shutil.rmtree(place)
    return None


def _wrong(answer: Answer, words: tuple[str, ...]) -> str | None:
    if "Traceback" in answer.err or DANGEROUS.search(answer.out + answer.err):
        return answer.err or answer.out
    if answer.status not in (0, 1, 2, 10, 11, 12, 13, 14):
        return f"exit status {answer.status}"
    if not answer.out and not answer.err and answer.status:
        return "says nothing"
    if "--json" in words and answer.out:
        for line in answer.out.splitlines() if words[0] == "decisions" else [answer.out]:
            json.loads(line)
    return None
