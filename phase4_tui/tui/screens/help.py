"""The key sheet, made from the registry of actions, and how the symbols read."""

from collections.abc import Iterable

from textual.widget import Widget

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.registry import ACTIONS, BY_ID, Action, why_not
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.settings import Settings
from phase4_tui.tui.keys import shown_key
from phase4_tui.tui.screens.view import LookingScreen
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.text_lines import Paper

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("RUN", ("run", "step_1", "step_2", "step_3", "step_4", "step_5", "cancel", "resume", "rehearse")),
    ("INCIDENT AND ROLLBACK", ("guided", "freeze", "known_good", "mode", "root_cause", "compare", "reopen", "escalate",
                               "acknowledge", "reclassify", "thaw", "restore", "pin")),
    ("LOOK", ("decisions", "trends", "audit", "verify", "journal", "runbook", "transcript", "export")),
    ("DASHBOARD", ("filter", "pause", "follow", "copy", "theme", "help", "quit")),
)  # fmt: skip
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
    (SYMBOLS["absent"], "absent"),
    (SYMBOLS["writing"], "being written right now"),
    (SYMBOLS["stale"], "stale: older than what it is about; or unknown"),
    (SYMBOLS["running"], "running, or next"),
    (SYMBOLS["not_run"], "not run yet"),
    (SYMBOLS["cancelled"], "cancelled"),
    (SYMBOLS["not_applicable"], "does not apply"),
)


class HelpScreen(LookingScreen):
    """Every key and what it does."""

    CSS_PATH = "help.tcss"
    HINT = "↑↓ pgup pgdn scroll · ^p palette does everything by name"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[list[Part]] = []

    def main(self) -> Iterable[Widget]:
        """The sheet."""
        yield Paper(lambda index: self._rows[index], id="sheet")

    def on_mount(self) -> None:
        """Keys scroll."""
        self.query_one("#sheet").focus()
        told = "each has a twin on the command line; y copies the last one"
        self.title_is(("KEYS  ", "bold"), (told, "$foreground 70%"))

    def on_resize(self) -> None:
        """Fit the lines."""
        if self.snapshot is not None:
            self.look(self.snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Grey what can't act now, with its reason."""
        rows = sheet_rows(
            snapshot, self.desk.site.settings, self.desk.keys, self.size.width - 4, read_only=self.desk.read_only
        )
        if rows != self._rows:
            self._rows = rows
            self.query_one(Paper).show(len(rows))


def sheet_rows(
    snapshot: Snapshot, settings: Settings, keys: dict[str, str], width: int, *, read_only: bool = False
) -> list[list[Part]]:
    """Return the sheet's lines: by group key, label, description, twin, and why it can't act."""
    named = {name for _, names in GROUPS for name in names}
    more = tuple(action.id for action in ACTIONS if action.id not in named)
    rows: list[list[Part]] = []
    for title, names in (*GROUPS, ("MORE", more)):
        actions = [BY_ID[name] for name in names if name in BY_ID]
        actions = [action for action in actions if not (read_only and action.changes)]
        if actions:
            rows += [[(title, "bold $primary")], *_grouped(actions, snapshot, settings, keys, width), [""]]
    rows.append([("HOW THE SYMBOLS READ", "bold $primary")])
    rows += [[(f"  {symbol}  ", "bold"), meaning] for symbol, meaning in READING]
    return rows


def _grouped(
    actions: Iterable[Action], snapshot: Snapshot, settings: Settings, keys: dict[str, str], width: int
) -> list[list[Part]]:
    rows: list[list[Part]] = []
    for action in actions:
        key = shown_key(keys[action.id]) if keys.get(action.id) else "^p"
        reason = why_not(action, snapshot)
        style = "$foreground 70%" if reason else ""
        beside = width - KEY_WIDTH - 1 - LABEL_WIDTH
        rows.append(
            [
                (f"{clip(key, KEY_WIDTH - 1):>{KEY_WIDTH - 1}}  ", "$foreground 70%" if reason else "bold $accent"),
                (f"{clip(action.label, LABEL_WIDTH - 1):<{LABEL_WIDTH}}", style or "bold"),
                (clip(action.description, beside), style),
            ]
        )
        told = f"not now: {reason}" if reason else action.twin(snapshot, settings)
        indent = " " * (KEY_WIDTH + 1 + LABEL_WIDTH)
        rows.append([(f"{indent}{clip(told, beside)}", "italic $foreground 70%" if reason else "$foreground 70%")])
    return rows
