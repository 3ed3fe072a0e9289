"""The registry of operations, from which keys, footer, palette, help, README and command line are made.

An entry holds its implementation: a view to open, a gesture of the dashboard, or a loader of its dialogue, imported
at first use. The type checker therefore finds an entry without one.
"""

from collections.abc import Mapping
from functools import partial
from shlex import quote

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations import availability, defaults, shell_commands
from phase4_tui.console.operations.availability import Obstacle
from phase4_tui.console.operations.defaults import Default
from phase4_tui.console.operations.operation import Dialogue, Group, Operation, command, of_move
from phase4_tui.console.operations.shell_commands import REASON, TAG, ShellCommand
from phase4_tui.console.views import Gesture, View
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import PHASE4_STEPS

RUN, ROLLBACK, LOOK, DASHBOARD = Group

# Loaders ---------------------------------------------------------------------------------------------------------


def _run() -> Dialogue:
    from phase4_tui.console.operations.dialogues.runs import run

    return run


def _resume() -> Dialogue:
    from phase4_tui.console.operations.dialogues.runs import resume

    return resume


def _rehearse() -> Dialogue:
    from phase4_tui.console.operations.dialogues.runs import rehearse

    return rehearse


def _freeze() -> Dialogue:
    from phase4_tui.console.operations.dialogues.tags import freeze

    return freeze


def _thaw() -> Dialogue:
    from phase4_tui.console.operations.dialogues.tags import thaw

    return thaw


def _restore() -> Dialogue:
    from phase4_tui.console.operations.dialogues.tags import restore

    return restore


def _pin() -> Dialogue:
    from phase4_tui.console.operations.dialogues.tags import pin

    return pin


def _switch() -> Dialogue:
    from phase4_tui.console.operations.dialogues.tags import switch

    return switch


def _mode() -> Dialogue:
    from phase4_tui.console.operations.dialogues.phase4 import mode

    return mode


def _phase4() -> Dialogue:
    from phase4_tui.console.operations.dialogues.phase4 import phase4_by_override

    return phase4_by_override


def _reopen() -> Dialogue:
    from phase4_tui.console.operations.dialogues.phase4 import reopen

    return reopen


def _root_cause() -> Dialogue:
    from phase4_tui.console.operations.dialogues.incidents import root_cause

    return root_cause


def _escalate() -> Dialogue:
    from phase4_tui.console.operations.dialogues.incidents import escalate

    return escalate


def _acknowledge() -> Dialogue:
    from phase4_tui.console.operations.dialogues.incidents import acknowledge

    return acknowledge


def _reclassify() -> Dialogue:
    from phase4_tui.console.operations.dialogues.incidents import reclassify

    return reclassify


# Commands that take more than a tag --------------------------------------------------------------------------------


def _owner(default: Default) -> Default:
    return lambda snapshot, settings: default(snapshot, settings) or "O"


def _mode_command(snapshot: Snapshot, settings: Settings) -> str:
    fallen = snapshot.state.evaluation_mode == "phase3_only"
    return "phase4 mode show" if fallen else "phase4 mode phase3-only --reason R"


def _root_cause_command(snapshot: Snapshot, settings: Settings) -> str:
    owner = defaults.to_call(snapshot, settings) or "O"
    of_tag = "" if snapshot.state.incident else f" --tag {quote(defaults.shown(snapshot, settings) or 'TAG')}"
    return f"phase4 root-cause add --cause C --remediation R --owner {owner}{of_tag}"


def _compare_command(snapshot: Snapshot, settings: Settings) -> str:
    tags = defaults.to_compare(snapshot, defaults.of_next_move(snapshot, "compare"), {})
    good = f" --known-good {quote(tags['known_good'])}" if tags["known_good"] else ""
    return f"phase4 compare {quote(tags['bad'] or 'TAG')} {quote(tags['rerun'] or 'TAG')}{good}"


def _step(number: int, title: str) -> Operation:
    def load() -> Dialogue:
        from phase4_tui.console.operations.dialogues.runs import step

        return partial(step, number=number)

    return Operation(
        f"step_{number}", str(number), f"step {number}", f"Run step {number} alone: {title}", RUN, load,
        command(f"phase4 step {number} --tag {{}}", defaults.to_step), availability.step_of_mode(number), writes=True,
    )  # fmt: skip


def _view(
    view: View, key: str, label: str, description: str, *, command_of: str = "", default: Default | None = None,
    needs_tag: bool = False, footer: bool = False,
) -> Operation:  # fmt: skip
    """Return an entry that only opens a view."""
    said = command(command_of or f"phase4 {view.value}", *([default] if default else []))
    why_not = availability.needs_tag if needs_tag else availability.always
    return Operation(view.value, key, label, description, LOOK, view, said, why_not, footer=footer)


def _gesture(
    gesture: Gesture, key: str, label: str, description: str, command_of: str, *, footer: bool = False
) -> Operation:
    """Return an entry that only concerns the dashboard on screen."""
    said, why_not = command(command_of), availability.always
    return Operation(gesture.value, key, label, description, DASHBOARD, gesture, said, why_not, footer=footer)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "run", "r", "run", "Run the sequence, in the evaluation mode of now", RUN, _run,
        command("phase4 run --tag {}", defaults.to_run), availability.idle, writes=True, footer=True,
    ),
    *(_step(step.number, step.title[0].lower() + step.title[1:]) for step in PHASE4_STEPS),
    Operation(
        "cancel", "x", "cancel", "Cancel the run that is under way here", RUN, Gesture.CANCEL,
        lambda snapshot, settings: availability.kill_command(snapshot), availability.running_here, writes=True,
    ),
    Operation(
        "resume", "R", "resume", "Resume the last run at its first incomplete step", RUN, _resume,
        of_move("resume", defaults.to_resume), availability.resumable, writes=True,
    ),
    Operation(
        "rehearse", "S", "rehearsal", "Run Phase 4 under a tag of its own, to reopen on", RUN, _rehearse,
        command("phase4 run --rehearsal --tag {}", defaults.to_rehearse), availability.rehearsable, writes=True,
    ),
    Operation(
        "guided", "g", "guided rollback", "Walk through the five steps of the runbook's rollback", ROLLBACK,
        View.GUIDED, command("phase4 rollback"), availability.guidable, footer=True,
    ),
    Operation(
        "freeze", "f", "freeze", "Freeze the tag: nothing overwrites its artifacts, copies prove it", ROLLBACK, _freeze,
        command("phase4 freeze {} --reason R", defaults.to_freeze), availability.freezable,
        (ShellCommand(
            ("freeze",), "Freeze a tag's artifacts: nothing overwrites them, and copies prove it.", (TAG, REASON)
        ),),
        writes=True, footer=True,
    ),
    Operation(
        "known_good", "k", "known-good", "Switch to a known-good tag, from the list with its evidence", ROLLBACK,
        View.KNOWN_GOOD, command("phase4 known-good list"), availability.needs_state,
        (ShellCommand(
            ("known-good", "switch"), "Make a known-good tag the active one; the bad one is quarantined.", (TAG, REASON)
        ),),
        _switch, footer=True,
    ),
    Operation(
        "mode", "p", "mode", "Fall back to Phase 3, or see what leads back to Phase 4", ROLLBACK, _mode,
        _mode_command, availability.needs_state,
        (ShellCommand(("mode", "phase3-only"), "Refuse Phase 4 runs but rehearsals from now on.", (REASON,)),),
        writes=True,
    ),
    Operation(
        "phase4", "", "override mode", "Allow Phase 4 runs again without reopening; stays on record", ROLLBACK,
        _phase4, command("phase4 mode phase4 --override --reason R"), availability.fallen_back,
        (ShellCommand(
            ("mode", "phase4"), "Allow Phase 4 runs again without reopening; the regular way is `reopen`.",
            (shell_commands.OVERRIDE, shell_commands.SPARE_REASON),
        ),),
        writes=True,
    ),
    Operation(
        "root_cause", "l", "root cause", "Log a root cause and its remediation", ROLLBACK, View.ROOT_CAUSE,
        _root_cause_command, availability.needs_cause,
        (ShellCommand(("root-cause", "add"), "Log a root cause and its remediation.", shell_commands.ROOT_CAUSE),),
        _root_cause, writes=True, footer=True,
    ),
    Operation(
        "compare", "c", "compare", "Compare the bad tag, a rehearsal and a known-good tag", ROLLBACK,
        View.COMPARE, _compare_command, availability.two_tags, footer=True,
    ),
    Operation(
        "reopen", "o", "reopen", "Reopen Phase 4 on this tag; shows each unmet condition", ROLLBACK, _reopen,
        of_move("reopen", command("phase4 reopen --tag {}", defaults.to_reopen)), availability.reopenable,
        (ShellCommand(
            ("reopen",), "Reopen Phase 4 on a rehearsal; lists each condition that is unmet.",
            (shell_commands.REHEARSAL, shell_commands.ACCEPT, shell_commands.OVERRIDE, shell_commands.SPARE_REASON),
        ),),
        writes=True,
    ),
    Operation(
        "escalate", "e", "escalate", "Call an owner: engineering, risk or product", ROLLBACK, _escalate,
        command("phase4 escalate --owner {}", _owner(defaults.to_call)), availability.needs_incident,
        (ShellCommand(
            ("escalate",), "Call an owner; `ack` notes that the call was taken.",
            (shell_commands.WHOM, shell_commands.NOTE),
        ),),
        writes=True,
    ),
    Operation(
        "acknowledge", "", "acknowledge", "Note that an owner has taken the escalation", ROLLBACK, _acknowledge,
        command("phase4 escalate ack --owner {}", _owner(defaults.to_acknowledge)), availability.needs_incident,
        (ShellCommand(("escalate", "ack"), "Note that an owner has taken the call.", (shell_commands.OWNER,)),),
        writes=True,
    ),
    Operation(
        "reclassify", "", "reclassify", "Give the incident another severity class, with a reason", ROLLBACK,
        _reclassify,
        command("phase4 incident reclassify P1 --reason R --tag {}", defaults.to_reclassify), availability.needs_tag,
        (ShellCommand(
            ("incident", "reclassify"), "Give the incident another severity class, which then holds everywhere.",
            (shell_commands.SEVERITY_CLASS, REASON, shell_commands.OF_TAG),
        ),),
        writes=True,
    ),
    Operation(
        "thaw", "", "thaw", "Let the frozen tag be written again; its copies are kept", ROLLBACK, _thaw,
        command("phase4 thaw {} --reason R", defaults.shown), availability.thawable,
        (ShellCommand(("thaw",), "Let a frozen tag be written again; its copies are kept.", (TAG, REASON)),),
        writes=True,
    ),
    Operation(
        "restore", "", "restore", "Put the frozen tag's files back; the changed ones are kept as evidence", ROLLBACK,
        _restore, command("phase4 restore {}", defaults.to_restore), availability.restorable,
        (ShellCommand(
            ("restore",), "Put a frozen tag's files back; what was changed is kept as evidence.", (TAG,)
        ),),
        writes=True,
    ),
    Operation(
        "pin", "", "pin", "Pin this tag as known-good, or take its pin away", ROLLBACK, _pin,
        command("phase4 known-good {} {}", defaults.pinning, defaults.shown), availability.needs_tag,
        (
            ShellCommand(
                ("known-good", "pin"), "Pin a known-good tag, so that it is offered first.", (TAG,), {"pinned": True}
            ),
            ShellCommand(("known-good", "unpin"), "Take a pin away.", (TAG,), {"pinned": False}),
        ),
        writes=True,
    ),
    _view(View.DECISIONS, "d", "decisions", "The decisions of the tag's report",
          command_of="phase4 decisions --tag {}", default=defaults.shown, needs_tag=True),
    _view(View.TRENDS, "t", "trends", "KPIs over the last tags against their rules", needs_tag=True),
    _view(View.AUDIT, "a", "audit", "The audit artifacts of the tag, with sha256",
          command_of="phase4 audit --tag {}", default=defaults.shown, needs_tag=True),
    _view(View.VERIFY, "v", "verify", "Verify journal, state and every frozen tag"),
    _view(View.JOURNAL, "j", "journal", "The run log: what was done, by whom, and why"),
    _view(View.RUNBOOK, "b", "runbook", "The runbook, at the section for the present state"),
    _view(View.DOCS, "", "manual", "The manual: command line, settings, policy, files, promises"),
    Operation(
        "transcript", "", "transcript", "All that is kept of what the last step of the shown run wrote", LOOK,
        View.TRANSCRIPT, command("phase4 transcript --tag {}", defaults.shown), availability.transcribed,
    ),
    _view(View.POST_MORTEM, "", "post-mortem", "Show the incident's post-mortem", command_of="phase4 incident export"),
    _gesture(Gesture.FILTER, "slash", "search", "Search what is in front; on the dashboard filter the tags",
             "phase4 tags", footer=True),
    _gesture(Gesture.NEXT_MATCH, "n", "next match", "Go to the next line, or tag, that the search found",
             "phase4 tags"),
    _gesture(Gesture.PREVIOUS_MATCH, "N", "previous match", "Go to the line, or tag, before", "phase4 tags"),
    _gesture(Gesture.ZOOM, "z", "zoom", "Let the panel that has the focus fill the screen, or give it back",
             "phase4 status"),
    _gesture(Gesture.PAUSE, "space", "output", "Open or fold the output of the last run; pause it while a step runs",
             "phase4 watch"),
    _gesture(Gesture.NOTICES, "", "notices", "Every notice so far, the newest first", "phase4 journal"),
    _gesture(Gesture.FOLLOW, "", "follow", "Show the active tag again, else the newest", "phase4 status"),
    _gesture(Gesture.COPY, "y", "copy command", "Copy the command of what was done last", "phase4 --help"),
    _gesture(Gesture.THEME, "", "theme", "The next theme: calm, colour-blind, high-contrast, light",
             "${{EDITOR:-vi}} phase4.toml"),
    Operation("help", "question_mark", "help", "Every key and what it does", DASHBOARD, View.HELP,
              command("phase4 --help"), availability.always, footer=True),
    _gesture(Gesture.QUIT, "q", "quit", "Leave the dashboard", "exit", footer=True),
)  # fmt: skip
BY_ID: Mapping[str, Operation] = {operation.id: operation for operation in OPERATIONS}


def why_not(operation: Operation, snapshot: Snapshot | None) -> Obstacle | None:
    """Return why an operation can't be given now, None when it can."""
    if snapshot is None:
        return Obstacle("the first look is not over yet")
    if operation.writes and snapshot.read_only:
        return Obstacle("this dashboard is read-only")
    return operation.why_not(snapshot)
