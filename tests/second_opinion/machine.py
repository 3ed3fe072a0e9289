"""Random working directories: runs, edits, times, rules, run records, freezes and copies, in any sequence.

The honest limit of a look, which recomputes nothing: where no record of a step proves what a file was made from, only
times and the files' own agreement speak, so whoever forges all of it, or copies it with new times, is found out by no
look, but only when the tag is judged anew, at a switch. Such a tag is `beyond` here until it is run again: its verdict
is no longer asked for, but its switch is. Before that an unproven file is only ever dated honestly or in the future.
"""

import hashlib
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from phase4_tui.artifacts import documents
from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Plan, carry_out
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.site import Site
from tests.second_opinion import edits
from tests.second_opinion.directories import WAYS, Way, copy_tree, laid_out, made_by_hand
from tests.second_opinion.edits import ARTIFACTS, CHECKS, CORE, MOMENTS, RECORD_WAYS, STEP_OF, Moment
from tests.second_opinion.recomputed import why_not_green
from tests.second_opinion.runs import BATCHES, ENGINES, STEPS, TROUBLES, Trouble, run_in, site_at

TAGS = ("mon", "tue")
COMPLETE = ("passed", "failed_gate")
OPERATIONS: dict[str, Callable[[Site, str], Plan]] = {
    "freeze": lambda site, tag: plan_freeze(site, tag, "evidence"),
    "thaw": lambda site, tag: plan_thaw(site, tag, "again"),
    "restore": plan_restore,
    "switch": lambda site, tag: plan_switch(site, tag, "rollback"),
}
TRIED: Counter[str] = Counter()
"""What was tried so far: directories, rules, and verdicts by their level."""

tags = st.sampled_from(("mon", "mon", "tue"))
batches = st.sampled_from(("good",) * 6 + ("good, the other way",) * 3 + tuple(BATCHES))
engines = st.sampled_from(("ours",) * 8 + tuple(ENGINES))
artifacts = st.sampled_from((Artifact.REPORT, *CHECKS, *ARTIFACTS))
moments = st.sampled_from(MOMENTS)
steps = st.sampled_from(STEPS)
content_edits = st.sampled_from(edits.CONTENT_EDITS)
byte_edits = st.sampled_from(edits.BYTE_EDITS)


class Directory(RuleBasedStateMachine):
    """One working directory, and all that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        TRIED["directories"] += 1
        self.base = Path(tempfile.mkdtemp())
        self.work = laid_out(self.base / "0")
        self.copies = 0
        self.steps: dict[str, dict[str, str]] = {tag: {} for tag in TAGS}
        """The last state of each step that a run of the tag began, as its record had it when the run ended."""
        self.beyond: set[str] = set()
        self.touched: set[str] = set()
        self.past: dict[str, list[bytes]] = {}
        # Only speed: a crash of the machine is not tried here, and nobody writes while a look is taken.
        self.quick: list[Any] = [mock.patch.object(os, "fsync"), mock.patch.object(documents, "RETRIES", 0)]
        for patch in self.quick:
            patch.start()

    def teardown(self) -> None:
        for patch in self.quick:
            patch.stop()
        for path in self.base.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.base)

    # What is there

    @property
    def reports(self) -> Path:
        return self.work / "reports"

    def path(self, tag: str, artifact: Artifact) -> Path:
        return self.reports / f"{tag}{artifact}"

    def there(self) -> list[str]:
        """Return the tags of which a file or a run is there."""
        return [tag for tag in TAGS if self.steps[tag] or any(self.path(tag, one).exists() for one in ARTIFACTS)]

    def judged(self, tag: str) -> Judgement:
        return judge_tag(site_at(self.work), tag, read_state(self.reports), patient=False)

    def is_green(self, tag: str) -> bool:
        judgement = self.judged(tag)
        return judgement.classification.level == "ok" or judgement.rung is None

    def is_proven(self, tag: str, *names: str) -> bool:
        """True when the last run of each of these steps came to its end: a record has what it read and wrote."""
        return all(self.steps[tag].get(name) in COMPLETE for name in names or STEPS)

    def is_undone(self, tag: str) -> bool:
        """True when a run left a step broken or undone."""
        return any(state not in COMPLETE for state in self.steps[tag].values())

    def remember(self, path: Path) -> None:
        if path.is_file():
            self.past.setdefault(path.name, []).append(path.read_bytes())

    def put(self, path: Path, data: bytes | None, moment: Moment, *, in_place: bool) -> None:
        self.remember(path)
        edits.put(path, data, moment, in_place=in_place)

    # Runs

    @initialize(batch=batches, before=st.booleans())
    def begin_with_runs(self, batch: str, before: bool) -> None:
        if before:
            self.run_one("mon", batch, "ours", None, {}, lambda: None)
        self.run_good("mon")

    @rule(tag=tags)
    def run_good(self, tag: str) -> None:
        """Run what leaves a tag green, unless the rules say otherwise or a record lies in the way."""
        self.run_one(tag, "good", "ours", None, {}, lambda: None)

    def run_one(
        self,
        tag: str,
        batch: str,
        engine: str,
        only: str | None,
        troubles: dict[str, Trouble],
        edit: Callable[[], None],
    ) -> None:
        for artifact in ARTIFACTS:
            self.remember(self.path(tag, artifact))
        known = set(self.records(tag))
        for path in known:
            self.remember(path)
        run_in(self.work, tag, batch, engine=engine, only=only, troubles=troubles, edit=edit)
        for path in set(self.records(tag)) - known:
            for step in json.loads(path.read_bytes())["steps"]:
                if step["state"] != "not_run" or step["name"] not in self.steps[tag]:
                    self.steps[tag][step["name"]] = step["state"]
                else:
                    self.steps[tag][step["name"]] = "not_run"
        if self.is_proven(tag):
            self.beyond.discard(tag)
            self.touched.discard(tag)

    @rule(tag=tags, batch=batches, engine=engines)
    def run_a_sequence(self, tag: str, batch: str, engine: str) -> None:
        self.run_one(tag, batch, engine, None, {}, lambda: None)

    @rule(tag=tags, batch=batches, step=steps, engine=engines)
    def run_a_step(self, tag: str, batch: str, step: str, engine: str) -> None:
        self.run_one(tag, batch, engine, step, {}, lambda: None)

    @rule(
        tag=tags,
        batch=batches,
        engine=engines,
        step=steps,
        trouble=st.sampled_from(TROUBLES),
        change=content_edits | byte_edits,
    )
    def run_into_trouble(
        self, tag: str, batch: str, engine: str, step: str, trouble: Trouble, change: tuple[Artifact, str]
    ) -> None:
        def edit() -> None:
            path = self.path(tag, change[0])
            data = edits.changed(change[1], path.read_bytes()) if path.is_file() else None
            if data is not None:
                self.put(path, data, "put back", in_place=True)

        self.run_one(tag, batch, engine, None, {step: trouble}, edit)

    @rule(tag=tags, batch=batches, engine=engines)
    def make_by_hand(self, tag: str, batch: str, engine: str) -> None:
        """Put all files of a run there, made some time ago, of which there is no record."""
        if self.steps[tag] and not self.is_proven(tag):
            self.beyond.add(tag)
        elif not self.steps[tag]:
            self.beyond.discard(tag)
            self.touched.discard(tag)
        for artifact, data in made_by_hand(batch, engine, tag).items():
            path = self.path(tag, artifact)
            self.put(path, data, "now", in_place=False)
            edits.date(path, "past", 200 if artifact in CORE else 100)

    # Edits

    def edit(self, tag: str, artifact: Artifact, data: bytes | None, moment: Moment, *, in_place: bool) -> None:
        """Write a file of a tag, dated honestly or in the future as long as only times speak for a check of it."""
        if not self.is_proven(tag):
            moment = "future" if moment == "future" else "now"
            if not self.is_proven(tag, STEP_OF[artifact]):
                (self.beyond if tag in self.touched else self.touched).add(tag)
        self.put(self.path(tag, artifact), data, moment, in_place=in_place)

    @rule(tag=tags, change=content_edits, moment=moments, in_place=st.booleans())
    def change_what_a_file_says(self, tag: str, change: tuple[Artifact, str], moment: Moment, in_place: bool) -> None:
        self.change(tag, change, moment, in_place=in_place)

    @rule(tag=tags, change=byte_edits, moment=moments, in_place=st.booleans())
    def damage_a_file(self, tag: str, change: tuple[Artifact, str], moment: Moment, in_place: bool) -> None:
        self.change(tag, change, moment, in_place=in_place)

    def change(self, tag: str, change: tuple[Artifact, str], moment: Moment, *, in_place: bool) -> None:
        artifact, name = change
        path = self.path(tag, artifact)
        data = edits.changed(name, path.read_bytes()) if path.is_file() else None
        if data is not None:
            self.edit(tag, artifact, data, moment, in_place=in_place)

    @rule(tag=tags, artifact=artifacts)
    def delete_an_artifact(self, tag: str, artifact: Artifact) -> None:
        self.edit(tag, artifact, None, "now", in_place=True)

    @rule(tag=tags, artifact=artifacts, which=st.integers(0, 9), moment=moments, in_place=st.booleans())
    def bring_an_older_version_back(
        self, tag: str, artifact: Artifact, which: int, moment: Moment, in_place: bool
    ) -> None:
        known = self.past.get(f"{tag}{artifact}", [])
        if known:
            self.edit(tag, artifact, known[-1 - which % len(known)], moment, in_place=in_place)

    @rule(tag=tags, other=tags, artifact=artifacts, moment=moments, renamed=st.booleans())
    def take_another_tags_file(self, tag: str, other: str, artifact: Artifact, moment: Moment, renamed: bool) -> None:
        path = self.path(other, artifact)
        if tag != other and path.is_file():
            data = path.read_bytes()
            data = data.replace(other.encode(), tag.encode()) if renamed else data
            self.edit(tag, artifact, data, moment, in_place=True)

    @rule(name=st.sampled_from(tuple(edits.RULES)), moment=moments, in_place=st.booleans())
    def change_the_rules(self, name: str, moment: Moment, in_place: bool) -> None:
        self.put(self.work / "monitoring_rules.json", edits.RULES[name], moment, in_place=in_place)

    @rule(tag=tags, artifact=artifacts, moment=moments, seconds=st.integers(0, 300), every=st.booleans())
    def date_files(self, tag: str, artifact: Artifact, moment: Moment, seconds: int, every: bool) -> None:
        if not self.is_proven(tag) and not self.is_undone(tag):
            moment, seconds = "future", 300
        for one in ARTIFACTS if every else (artifact,):
            if self.path(tag, one).is_file():
                edits.date(self.path(tag, one), moment, seconds)

    # Run records

    def records(self, tag: str) -> list[Path]:
        return sorted((self.reports / ".phase4" / "runs" / tag).glob("*.json"))

    @rule(tag=tags, which=st.integers(0, 3), way=st.sampled_from(RECORD_WAYS), moment=moments)
    def edit_a_record(self, tag: str, which: int, way: str, moment: Moment) -> None:
        found = self.records(tag)
        if found:
            path = found[-1 - which % len(found)]
            files = (one for one in self.reports.iterdir() if one.is_file())
            present = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}
            self.put(path, edits.edited_record(path.read_bytes(), way, present), moment, in_place=True)

    @rule(tag=tags, which=st.integers(0, 3))
    def bring_an_older_record_back(self, tag: str, which: int) -> None:
        known = [path for path in self.records(tag) if path.name in self.past]
        if known:
            path = known[-1]
            self.put(path, self.past[path.name][-1 - which % len(self.past[path.name])], "put back", in_place=True)

    @rule(tag=tags, other=tags, which=st.integers(0, 3))
    def copy_a_record(self, tag: str, other: str, which: int) -> None:
        """Copy a record to another tag, or as the newest of its own."""
        found = self.records(other)
        if found and self.records(tag):
            path = found[-1 - which % len(found)]
            name = path.name if tag != other else f"9{path.name[1:]}"
            self.put(self.records(tag)[0].with_name(name), path.read_bytes(), "now", in_place=True)

    # Operations

    @rule(kind=st.sampled_from(tuple(OPERATIONS)), tag=tags)
    def operate(self, kind: str, tag: str) -> None:
        site = site_at(self.work)
        try:
            plan = OPERATIONS[kind](site, tag)
        except Refused:
            return
        if kind == "switch":
            why = why_not_green(self.work, tag, anew=True)
            assert why is None, f"{tag} may be switched to, but {why}"
            TRIED["switches"] += 1
        try:
            carry_out(site, plan)
        except Refused:
            return

    # Copies

    @rule(way=st.sampled_from(WAYS), seed=st.integers(0, 1 << 30), slow=st.booleans())
    @precondition(lambda self: self.there())
    def copy_the_directory(self, way: Way, seed: int, slow: bool) -> None:
        """Copy or move all of it and go on in the copy, which is as healthy as the original was."""
        healthy = [tag for tag in self.there() if self.is_green(tag)]
        self.copies += 1
        target = self.base / str(self.copies)
        chance = random.Random(seed)
        copy_tree(way, self.work, target, chance)
        self.work = target
        for tag in TAGS:
            if not self.is_proven(tag) and not self.is_undone(tag) and tag not in healthy:
                self.beyond.add(tag)  # no time tells any more what was made before what
        if slow and way != "mv":
            self.delay(chance)
        for tag in healthy:
            found = self.judged(tag)
            said = found.classification
            assert said.level == "ok", f"{tag} was healthy before {way} and is {said.level}: {said.evidence}"
            TRIED["healthy copies"] += 1

    def delay(self, chance: random.Random) -> None:
        """Date every copy as if the copying had taken hours, in a random sequence; a second where only times speak."""
        by_hand = tuple(f"{tag}_" for tag in TAGS if not self.is_proven(tag))
        for path in self.work.rglob("*"):
            most = 1.0 if path.name.startswith(by_hand) else 3 * edits.DAY
            moment = time.time() - chance.uniform(0, most)
            os.utime(path, (moment, moment))

    # What must hold

    @invariant()
    def no_verdict_is_green_that_a_second_opinion_is_not(self) -> None:
        TRIED["rules"] += 1
        for tag in self.there():
            judgement = self.judged(tag)
            TRIED[f"verdicts: {judgement.classification.level}"] += 1
            if tag in self.beyond or (judgement.classification.level != "ok" and judgement.rung is not None):
                continue
            why = why_not_green(self.work, tag, anew=False)
            assert why is None, f"{tag} is green, but {why}"
            assert not self.is_undone(tag) or tag in self.touched, f"{tag} is green after {self.steps[tag]}"
