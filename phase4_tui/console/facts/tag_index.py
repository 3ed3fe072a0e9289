"""All tags as rows, kept up to date a little at a time: any change that a row depends on queues its tag again."""

import time
from collections.abc import Callable, Iterable, Mapping

from phase4_tui.artifacts.index import Identity, TagEntry, index_tags, look_at, scan
from phase4_tui.console.facts.events import JudgedTag
from phase4_tui.console.facts.tampering import Tampering
from phase4_tui.journal.state import OperationsState
from phase4_tui.policy.monitoring import Rules
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.provenance import last_run, last_runs
from phase4_tui.runbook.rules import present_rules
from phase4_tui.runbook.run_holder import running_tag
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import TagRow, judged_row

SCAN_SECONDS = 2.0
SCAN_SHARE = 200
"""The interval between scans is at least this many times the duration of a scan: at most half a percent of a core."""
SLICE_SECONDS = 0.05


class TagIndex:
    """The rows of a reports directory; queued tags are judged in slices, the last changed first."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._reports = site.reports
        self._artifacts = site.artifacts
        self._clock = clock
        self._names: dict[str, Identity] = {}
        self._rows: dict[str, TagRow] = {}
        self._todo: dict[str, TagEntry] = {}
        self._without_files: dict[str, None] = {}
        """Queued tags that have neither an artifact nor a run: they were removed."""
        self._runs: dict[str, int] = {}
        """When each tag was last run, in ns."""
        self._scanned: float | None = None
        self._scan_cost = 0.0
        self._state: OperationsState | None = None
        self._rules: Rules | None = None
        self.is_begun = False
        """True once every name was seen; without tags there are none from then on."""
        self.tampering = Tampering(site, clock)
        self.unsettled: set[str] = set()
        """Tags whose verdict time alone can change."""

    @property
    def rows(self) -> tuple[TagRow, ...]:
        """The rows judged so far, the last changed first."""
        return tuple(sorted(self._rows.values(), key=lambda row: (-row.modified_ns, row.tag)))

    @property
    def count(self) -> int:
        """The number of tags, judged or not."""
        return len(self._rows.keys() | self._todo.keys())

    @property
    def waiting(self) -> bool:
        """True while tags are queued."""
        return bool(self._todo or self._without_files)

    @property
    def newest(self) -> str | None:
        """The tag that was changed last, judged or not."""
        known = [(-entry.modified_ns, tag) for tag, entry in self._todo.items()]
        known += [(-row.modified_ns, tag) for tag, row in self._rows.items() if tag not in self._todo]
        return min(known)[1] if known else None

    def scan_soon(self) -> None:
        """Make the next `changed` scan every name."""
        self._scanned = None

    def changed(self, hinted: Iterable[str]) -> set[str]:
        """Queue and return the tags that changed: those of the hinted names, or of all names when a scan is due."""
        due = max(SCAN_SECONDS, SCAN_SHARE * self._scan_cost)
        if self._scanned is None or self._clock() - self._scanned > due:
            return self.scan()
        tags = set()
        for name in hinted:
            owner = self._artifacts.split(name)
            if owner is None:
                continue
            tags.add(owner[0])
            identity = look_at(self._reports / name)
            if identity is None:
                self._names.pop(name, None)
            else:
                self._names[name] = identity
        self.judge_again(tags)
        return tags

    def scan(self) -> set[str]:
        """Scan every name; queue and return the tags that changed."""
        begun = self._scanned = self._clock()
        before, self._names = self._names, scan(self._reports)
        runs, self._runs = self._runs, last_runs(self._reports)
        tags = {owner[0] for owner in map(self._artifacts.split, _changed(before, self._names)) if owner is not None}
        tags |= _changed(runs, self._runs)
        entries = {entry.tag: entry for entry in index_tags(self._names, self._artifacts, self._runs)} if tags else {}
        for tag in tags:
            self._expect(tag, entries.get(tag))
        self._todo = dict(sorted(self._todo.items(), key=lambda item: -item[1].modified_ns))
        rules = present_rules(self._site.workdir / self._site.settings.rules)
        if rules != self._rules:  # a monitoring may be past them now, or no longer
            self._rules = rules
            self.judge_again(list(self._rows))
        self._scan_cost = self._clock() - begun
        self.is_begun = True
        return tags

    def judge_again(self, tags: Iterable[str]) -> None:
        """Queue these tags before all others."""
        before, self._todo = self._todo, {}
        for tag in tags:
            own = {name: self._names[name] for name in self._names_of(tag)}
            before.pop(tag, None)
            ran = last_run(self._reports, tag)
            runs = {} if ran is None else {tag: ran}
            self._runs |= runs
            self._expect(tag, next(iter(index_tags(own, self._artifacts, runs)), None))
        self._todo |= before

    def note(self, state: OperationsState) -> None:
        """Queue the tags that an operation changed; after a change of the quarantine all, since it goes by content."""
        before, self._state = self._state, state
        if before is None or before.revision == state.revision:
            return
        if before.quarantine != state.quarantine:
            self.judge_again(list(self._rows))
            return
        pairs: list[tuple[Mapping[str, object], Mapping[str, object]]] = [
            (before.frozen, state.frozen),
            (dict.fromkeys(before.pinned), dict.fromkeys(state.pinned)),
            (before.reclassified, state.reclassified),
        ]
        self.judge_again({tag for old, new in pairs for tag in old.keys() | new.keys()
                    if (tag in old, old.get(tag)) != (tag in new, new.get(tag))})  # fmt: skip

    def judge_some(self, state: OperationsState) -> tuple[JudgedTag, ...]:
        """Judge queued tags for at most about `SLICE_SECONDS`; return those judged."""
        begun, running = self._clock(), running_tag(self._reports)
        judged = []
        while self.waiting and self._clock() - begun < SLICE_SECONDS:
            tag = next(iter(self._todo or self._without_files))
            entry = self._todo.pop(tag, None)
            self._without_files.pop(tag, None)
            judgement = judge_tag(self._site, tag, state, patient=False, running=lambda: running)
            states = {name: check.state for name, check in judgement.health.checks.items()}
            judged.append(JudgedTag(tag, judgement.classification, states))
            if entry is not None:
                row = self._rows[tag] = judged_row(entry, judgement, state)
                (self.unsettled.add if row.unsettled else self.unsettled.discard)(tag)
        return tuple(judged)

    def _expect(self, tag: str, entry: TagEntry | None) -> None:
        """Queue a tag with what `entry` says of it, or as one that is gone."""
        if entry is not None:
            self._todo[tag] = entry
            return
        self._rows.pop(tag, None)
        self._todo.pop(tag, None)
        self.unsettled.discard(tag)
        self._without_files[tag] = None

    def _names_of(self, tag: str) -> list[str]:
        return [name for name in self._artifacts.of(tag) if name in self._names]


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    """Return the keys whose value is another now, or that are in one of the two only."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
