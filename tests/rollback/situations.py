"""States of a working directory, each with the one move that every face must say in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from tests.rollback.layouts import (
    Lay,
    alerted,
    beyond_restore,
    compared,
    crashed,
    crashed_and_changed,
    declined,
    explained,
    fallen,
    fallen_alone,
    fallen_alone_and_proven,
    fallen_alone_and_rehearsed,
    fallen_with_a_run_that_stopped,
    frozen,
    frozen_and_tampered,
    frozen_by_a_dead_operator,
    healthy,
    incident,
    one_step_crashed,
    overridden,
    proven,
    reopened,
    reran,
    reran_badly,
    rerun_that_stopped,
    rules_replaced,
    switched,
    tampered,
    unreadable,
    warned,
    with_a_file_that_no_step_writes,
    without,
    without_good_tag,
    without_good_tag_and_product_called,
    without_good_tag_as_stated,
)
from tests.runbook.support import laid_out
from tests.tui.support import bad_tag, older


@dataclass(frozen=True)
class State:
    """A state, by what lays it out, and its move: operation, tag, command; no operation at all for None."""

    lay: Lay
    operation: str | None
    tag: str | None = None
    command: str = ""
    wanted: str | None = None
    """The tag that is asked for; None for the one that is shown by default."""
    environment: dict[str, str] = field(default_factory=dict)
    hold: str | None = None
    """The tag that is being run meanwhile."""

    @contextmanager
    def at(self, work: Path) -> Iterator[Path]:
        """Lay the state out, and keep it until the block ends."""
        self.lay(work)
        if self.hold is None:
            yield work
            return
        with run_lock(work / "reports"):
            announce(work / "reports", self.hold, "r1", "ada")
            yield work
            withdraw(work / "reports")


FREEZE, SWITCH = "phase4 freeze B --reason R", "phase4 known-good switch A --reason R"
CAUSE = "phase4 root-cause add --cause C --remediation R --owner risk"
STATES: dict[str, State] = {
    "nothing was run": State(laid_out, "run", "phase4_demo", "phase4 run --tag phase4_demo"),
    "healthy": State(healthy, None),
    "a crashed run": State(crashed, "resume", "noon", "phase4 run --resume --tag noon"),
    "a crashed run, changed": State(crashed_and_changed, "run", "noon", "phase4 run --tag noon"),
    "a crashed step": State(one_step_crashed, "step_5", "noon", "phase4 step monitor --tag noon"),
    "rules replaced during the run": State(rules_replaced, "run", "noon", "phase4 run --tag noon"),
    "no sign-off": State(without(Artifact.PHASE4_SIGNOFF), "step_4", "noon", "phase4 step signoff --tag noon"),
    "no monitoring text": State(without(Artifact.MONITORING_MD), "step_5", "noon", "phase4 step monitor --tag noon"),
    "no report text": State(without(Artifact.REPORT_MD), "run", "noon", "phase4 run --tag noon"),
    "no quality check": State(without(Artifact.QUALITY_CHECK), "run", "noon", "phase4 run --tag noon"),
    "no report": State(without(Artifact.REPORT), "guided", "noon", "phase4 rollback"),
    "a warning": State(warned, "", "noon", "phase4 watch"),
    "a note of NO-GO": State(declined, "", "noon", "phase4 status --tag noon"),
    "P1, no incident": State(alerted, "guided", "B", "phase4 rollback"),
    "P1 of another tag": State(
        lambda work: older(bad_tag(healthy(work).reports), 500),
        "reclassify",
        "B",
        "phase4 incident reclassify P1 --reason R --tag B",
        wanted="B",
    ),
    "P1, closed": State(overridden, "reclassify", "B", "phase4 incident reclassify P1 --reason R --tag B"),
    "P1, left behind": State(reopened, None, wanted="B"),
    "a file that no step writes": State(with_a_file_that_no_step_writes(healthy), "", "noon", "phase4 docs settings"),
    "re-run, a file that no step writes": State(
        with_a_file_that_no_step_writes(reran), "", "C", "phase4 docs settings"
    ),
    "nothing at all": State(lambda work: work.mkdir(), "", None, "phase4 init"),
    "tampered": State(tampered, "restore", "noon", "phase4 restore noon"),
    "beyond restore": State(beyond_restore, "verify", "noon", "phase4 verify"),
    "no state": State(unreadable, "verify", None, "phase4 verify"),
    "live orders": State(
        healthy, "", None, "unset DESK_ALLOW_LIVE_ORDERS", environment={"DESK_ALLOW_LIVE_ORDERS": "1"}
    ),
    "a run": State(healthy, "", "noon", "phase4 watch", hold="noon"),
    "a run in an incident": State(incident, "", "B", "phase4 watch", hold="B"),
    "live orders in an incident": State(
        incident, "", None, "unset DESK_ALLOW_LIVE_ORDERS", environment={"DESK_ALLOW_LIVE_ORDERS": "1"}
    ),
    "phase 3 alone": State(fallen_alone, "run", "phase3_demo", "phase4 run --tag phase3_demo"),
    "phase 3 alone, proven": State(
        fallen_alone_and_proven, "rehearse", "phase4_demo_rerun", "phase4 run --rehearsal --tag phase4_demo_rerun"
    ),
    "phase 3 alone, rehearsed": State(
        fallen_alone_and_rehearsed, "reopen", "noon_rerun", "phase4 reopen --tag noon_rerun"
    ),
    "incident": State(incident, "freeze", "B", FREEZE),
    "incident, another tag": State(incident, "freeze", "B", FREEZE, wanted="A"),
    "frozen": State(frozen, "known_good", "A", SWITCH),
    "frozen and tampered": State(frozen_and_tampered, "restore", "B", "phase4 restore B"),
    "frozen by a dead operator": State(frozen_by_a_dead_operator, "known_good", "A", SWITCH),
    "no good tag": State(without_good_tag, "known_good", None, "phase4 rollback"),
    "no good tag, stated": State(without_good_tag_as_stated, "escalate", "B", "phase4 escalate --owner product"),
    "no good tag, called": State(
        without_good_tag_and_product_called, "mode", None, "phase4 mode phase3-only --reason R"
    ),
    "switched": State(switched, "mode", None, "phase4 mode phase3-only --reason R"),
    "fallen": State(fallen, "run", "phase3_demo", "phase4 run --tag phase3_demo"),
    "fallen, stopped": State(
        fallen_with_a_run_that_stopped, "resume", "phase3_demo", "phase4 run --resume --phase 3 --tag phase3_demo"
    ),
    "proven": State(proven, "root_cause", "B", CAUSE),
    "explained": State(explained, "rehearse", "B_rerun", "phase4 run --rehearsal --tag B_rerun"),
    "re-run badly": State(reran_badly, "rehearse", "B_rerun", "phase4 run --rehearsal --tag B_rerun"),
    "re-run, stopped": State(rerun_that_stopped, "resume", "B_rerun", "phase4 run --resume --rehearsal --tag B_rerun"),
    "re-run": State(reran, "compare", "C", "phase4 compare B C --known-good A"),
    "compared": State(compared, "reopen", "C", "phase4 reopen --tag C --accept-changed-input"),
    "reopened": State(reopened, None),
}
