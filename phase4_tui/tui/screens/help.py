"""The key sheet, made from the registry of operations, and the legend of symbols."""

from collections.abc import Iterable, Mapping

from textual.widget import Widget

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.operation import Group, Operation
from phase4_tui.console.operations.registry import OPERATIONS, why_not
from phase4_tui.console.remedies import as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.settings import Settings
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.text_lines import TextLines

KEY_WIDTH = 7
LABEL_WIDTH = 17
READING: tuple[tuple[str, str], ...] = (
    (SYMBOLS["active"], "active tag: what analysis and reporting use now"),
    (SYMBOLS["known_good"], "known-good tag"),
    (SYMBOLS["frozen"], "frozen: nothing this program starts writes to it"),
    (SYMBOLS["quarantined"], "quarantined: left behind by a rollback"),
    (SYMBOLS["passed"], "passed, present, done"),
    (SYMBOLS["failed"], "failed, broken, tampered with"),
    (SYMBOLS["alert"], "alert or warning"),
    (SYMBOLS["absent"], "missing"),
    (SYMBOLS["writing"], "being written right now"),
    (SYMBOLS["stale"], "stale: older than what it is about; or unknown"),
    (SYMBOLS["running"], "running, or next"),
    (SYMBOLS["not_run"], "not run yet"),
    (SYMBOLS["cancelled"], "cancelled"),
    (SYMBOLS["not_applicable"], "does not apply"),
)


class HelpScreen(ViewScreen):
    """Every key and what it does."""

    CSS_PATH = "help.tcss"
    HINT = "↑↓ pgup pgdn scroll · ^p palette does everything by name"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[list[Part]] = []

    def main(self) -> Iterable[Widget]:
        """The sheet."""
        yield TextLines(lambda index: self._rows[index], id="sheet")

    def on_mount(self) -> None:
        """Keys scroll."""
        self.query_one("#sheet").focus()
        told = f"each has its command; {self.how('copy')} copies the last one"
        self.title_is(("KEYS  ", "bold"), (told, "$foreground 70%"))

    def on_resize(self) -> None:
        """Fit the lines."""
        if self.snapshot is not None:
            self.look(self.snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Grey what can't act now, with its reason."""
        rows = sheet_rows(
            snapshot,
            self.console.site.settings,
            self.console.keys,
            self.size.width - 4,
            read_only=self.console.read_only,
        )
        if rows != self._rows:
            self._rows = rows
            self.query_one(TextLines).show(len(rows))


def sheet_rows(
    snapshot: Snapshot, settings: Settings, keys: Mapping[str, str], width: int, *, read_only: bool = False
) -> list[list[Part]]:
    """Return the sheet's lines by group: key, label, description, command, and why it can't act."""
    rows: list[list[Part]] = []
    for group in Group:
        members = [entry for entry in OPERATIONS if entry.group is group and not (read_only and entry.writes)]
        if members:
            rows += [[(group.value, "bold $primary")], *_grouped(members, snapshot, settings, keys, width), [""]]
    rows.append([("HOW THE SYMBOLS READ", "bold $primary")])
    rows += [[(f"  {symbol}  ", "bold"), meaning] for symbol, meaning in READING]
    return rows


def _grouped(
    entries: Iterable[Operation], snapshot: Snapshot, settings: Settings, keys: Mapping[str, str], width: int
) -> list[list[Part]]:
    rows: list[list[Part]] = []
    for entry in entries:
        key = shown_key(keys[entry.id]) if keys.get(entry.id) else "^p"
        obstacle = why_not(entry, snapshot)
        style = "$foreground 70%" if obstacle else ""
        beside = width - KEY_WIDTH - 1 - LABEL_WIDTH
        rows.append(
            [
                (f"{clip(key, KEY_WIDTH - 1):>{KEY_WIDTH - 1}}  ", "$foreground 70%" if obstacle else "bold $accent"),
                (f"{clip(entry.label, LABEL_WIDTH - 1):<{LABEL_WIDTH}}", style or "bold"),
                (clip(entry.description, beside), style),
            ]
        )
        told = entry.command_of(snapshot, settings)
        if obstacle:
            told = f"not now: {as_keys(obstacle.text, obstacle.remedies, keys)}"
        indent = " " * (KEY_WIDTH + 1 + LABEL_WIDTH)
        rows.append([(f"{indent}{clip(told, beside)}", "italic $foreground 70%" if obstacle else "$foreground 70%")])
    return rows
