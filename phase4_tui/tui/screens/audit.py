"""The audit artifacts of the shown tag: what each is, its sha256, and changes since it was frozen."""

from collections.abc import Iterable
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.artifacts.clock import age, nanoseconds, now_ns
from phase4_tui.artifacts.manifest import Tampering, look_frozen, restoring
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.remedies import as_keys, how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.audit import AuditEntry, audit
from phase4_tui.runbook.provenance import ChangedFile
from phase4_tui.runbook.tag_runs import changed_files
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.rows import Rows

SHOWN_PROBLEMS = 8
WIDE = 132
NARROW = 78
AGE_SECONDS = 5.0


class AuditScreen(ViewScreen):
    """The audit artifacts."""

    CSS_PATH = "audit.tcss"
    HINT = "↑↓ move · enter opens the artifact · escape returns"

    def __init__(self) -> None:
        super().__init__()
        self._view: TagView | None = None
        self._entries: list[AuditEntry] = []
        self._wrong: list[Tampering] = []

    def main(self) -> Iterable[Widget]:
        """Artifacts, the selected one's sha256, and what was changed."""
        yield Static("", classes="columns", markup=False)
        yield Rows(self._row, id="artifacts")
        yield Static("", classes="problem", markup=False)
        yield Static("", classes="detail", markup=False)

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.query_one(".problem").display = False
        self.query_one(Rows).focus()
        every(AGE_SECONDS, self, self.query_one(Rows).refresh)

    def look(self, snapshot: Snapshot) -> None:
        """Hash again for another or a changed tag."""
        view = snapshot.focus
        if view is None:
            self.failed(as_keys("there is no tag yet", (RUN,), self.console.keys))
            return
        if view == self._view:
            return
        if self._view is None or self._view.tag != view.tag:
            self._entries, self._wrong = [], []
        self._view = view
        self.title_is(("AUDIT ARTIFACTS  ", "bold"), view.tag, ("  hashing …", "$foreground 70%"))
        site, tag, frozen = self.console.site, view.tag, view.frozen
        self.in_background(
            lambda stop: (
                audit(site, tag),
                look_frozen(site.reports, tag, site.artifacts) if frozen != "no" else [],
                changed_files(site, tag),
            ),
            self._take,
        )

    def _take(self, found: tuple[list[AuditEntry], list[Tampering], tuple[ChangedFile, ...]]) -> None:
        self._entries, self._wrong, changed = found
        view, keys = self._view, self.console.keys
        there = sum(entry.present for entry in self._entries)
        parts: list[Part] = [("AUDIT ARTIFACTS  ", "bold"), f"{view.tag if view else ''}  "]
        parts.append(f"{there} of {len(self._entries)} present  ")
        if self._wrong:
            parts.append((f"{SYMBOLS['tampered']} TAMPERED: not what was frozen", "bold $error"))
        elif view is not None and view.frozen == "intact":
            parts.append((f"{SYMBOLS['frozen']} frozen, as its manifest says", "$primary"))
        else:
            parts.append((f"not frozen: {how('freeze', keys)} freezes the tag", "$foreground 70%"))
        self.title_is(*parts)
        rows: list[list[Part]] = [
            [(f"{SYMBOLS['tampered']} {one.path.name}: {one.detail}", "$error")] for one in self._wrong
        ]
        rows += [[(f"{SYMBOLS['warning']} {change}", "$warning")] for change in changed]
        if len(rows) > SHOWN_PROBLEMS:
            rows = [
                *rows[:SHOWN_PROBLEMS],
                [(f"… and {len(rows) - SHOWN_PROBLEMS} more: {how('verify', keys)} verifies", "$error")],
            ]
        if self._wrong and view is not None:
            restores = restoring(view.tag, "puts the frozen copies back and keeps these")
            rows.append([(f"next: {as_keys('', (restores,), keys)}", "bold")])
        problem = self.query_one(".problem", Static)
        problem.display = bool(rows)
        problem.update(lines(rows))
        self.query_one(Rows).show(len(self._entries))
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the columns."""
        name, sha = self._widths()
        titles = f"  {'artifact':<{name}}{'sha256':<{sha}}{'size':>12}  {'age':<9}"
        self.query_one(".columns", Static).update(content(titles))
        self._draw_detail()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the sha256 of the artifact under the cursor."""
        event.stop()
        self._draw_detail()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Open the artifact."""
        event.stop()
        entry = event.of(self._entries)
        if entry is None:
            return  # the list is of another tag by now
        if not entry.present:
            self.console.tell(f"{entry.name} {entry.problem or 'is not there'}", severity="warning")
            return
        from phase4_tui.tui.screens.viewer import ViewerScreen  # noqa: PLC0415 - when it is opened

        self.app.push_screen(ViewerScreen(self._path(entry)))

    def _path(self, entry: AuditEntry) -> Path:
        return Path(self.console.site.reports) / entry.name

    def _draw_detail(self) -> None:
        detail, at = self.query_one(".detail", Static), self.query_one(Rows).cursor
        if at >= len(self._entries):
            detail.update(content(""), layout=False)
            return
        entry = self._entries[at]
        known = f"sha256 {entry.sha256}" if entry.sha256 else f"problem: {entry.problem or 'the file is not there'}"
        told = f"{entry.modified_at or 'never written'} · {'frozen' if entry.frozen else 'not frozen'}"
        rows: list[list[Part]] = [[str(self._path(entry))], [known], [(told, "$foreground 70%")]]
        detail.update(lines(rows), layout=False)

    def _widths(self) -> tuple[int, int]:
        sha = 66 if self.size.width >= WIDE else 14 if self.size.width >= NARROW else 9
        return min(max(self.size.width - sha - 2 - 12 - 11 - self._mark_width() - 3, 8), 60), sha

    def _mark_width(self) -> int:
        return 8 if self.size.width >= NARROW else 1

    def _row(self, index: int) -> list[Part]:
        if index >= len(self._entries):
            return []
        entry = self._entries[index]
        name, sha = self._widths()
        symbol, style = ("present", "$success") if entry.present else ("absent", "$warning")
        if entry.problem:
            symbol, style = "unreadable", "$error"
        since = age((now_ns() - nanoseconds(entry.modified_at)) / 1e9) if entry.modified_at else "–"
        told = clip(entry.sha256 or entry.problem or "missing", sha - 2)
        size = f"{entry.size:,}" if entry.size is not None else "–"
        return [
            (f"{SYMBOLS[symbol]} ", style),
            f"{clip(entry.name, name - 1):<{name}}",
            (f"{told:<{sha}}", "$foreground 70%" if entry.present else style),
            f"{size:>12}  {since:<9}",
            (f"{SYMBOLS['frozen']} frozen"[: self._mark_width()] if entry.frozen else "", "$primary"),
        ]
