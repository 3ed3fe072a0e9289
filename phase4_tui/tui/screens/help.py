"""The key sheet, made from the registry of operations, and the legend of symbols."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from textual.widget import Widget

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.operation import Group, Operation
from phase4_tui.console.operations.registry import OPERATIONS, why_not
from phase4_tui.console.remedies import as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.settings import Settings
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import LINE_LIMIT, Part, clip
from phase4_tui.tui.widgets.text_lines import TextLines

MUTED = "$foreground 70%"
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


EVERYWHERE: tuple[tuple[str, str], ...] = (
    ("enter", "Open what is under the cursor: a tag's artifacts, an artifact, a row in full"),
    ("escape", "Leave: a search, a zoomed panel, then the screen; on the dashboard show the newest tag again"),
    ("tab", "Go to the next panel; the one with the focus has the heavy frame"),
    ("F1", "Help, as its own key; again leaves it"),
    ("^c", "Copy what was selected with the mouse"),
    ("click", "On a panel: open its file. On a row: move there, again opens it"),
)
"""What is no entry of the registry, since it can't be given another key."""


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
    rows.append([("EVERYWHERE", "bold $primary")])
    for key, does in EVERYWHERE:
        rows += _entry(key, "", [(does, "")], width)
    rows += [[""], [("HOW THE SYMBOLS READ", "bold $primary")]]
    rows += [[(f"  {symbol}  ", "bold"), meaning] for symbol, meaning in READING]
    return rows


def _grouped(
    entries: Iterable[Operation], snapshot: Snapshot, settings: Settings, keys: Mapping[str, str], width: int
) -> list[list[Part]]:
    rows: list[list[Part]] = []
    for entry in entries:
        key = shown_key(keys[entry.id]) if keys.get(entry.id) else "^p"
        obstacle = why_not(entry, snapshot)
        if obstacle is None:
            told = [(entry.description, ""), (entry.command_of(snapshot, settings), MUTED)]
        else:
            reason = f"not now: {as_keys(obstacle.text, obstacle.remedies, keys)}"
            told = [(entry.description, MUTED), (reason, f"italic {MUTED}")]
        rows += _entry(key, entry.label, told, width, muted=obstacle is not None)
    return rows


def _entry(
    key: str, label: str, told: Sequence[tuple[str, str]], width: int, *, muted: bool = False
) -> list[list[Part]]:
    """Return an entry: key and label beside its sentences, each wrapped to the room that is left."""
    indent = KEY_WIDTH + 1 + LABEL_WIDTH
    room = max(width - indent, 20)
    lines = [
        (line, style)
        for text, style in told
        for line in wrap(safe_line(text, LINE_LIMIT), room, break_on_hyphens=False) or [""]
    ]
    beside: list[Part] = [
        (f"{clip(key, KEY_WIDTH - 1):>{KEY_WIDTH - 1}}  ", MUTED if muted else "bold $accent"),
        (f"{label:<{LABEL_WIDTH}}", MUTED if muted else "bold"),
    ]
    (first, style), *others = lines
    rows: list[list[Part]] = [[*beside, (first, style)]]
    for line, other in others:
        rows.append([(f"{' ' * indent}{line}", other)])
    return rows
