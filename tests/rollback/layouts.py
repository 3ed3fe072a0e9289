"""Lays out a working directory as it stands at each point of a day, an incident, and its rollback."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState
from phase4_tui.journal.writer import record
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.incidents import look_for_incident, plan_escalate, plan_no_good_tag
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.reopen import plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.provenance import RunRecord, save_run
from tests.rollback.hostile import overwrite
from tests.rollback.support import freeze, give, site_of
from tests.runbook import misbehaving
from tests.runbook.documents import ALERT, Tag
from tests.runbook.support import foreign, laid_out, run, script_of
from tests.tui.support import bad_tag, lay_out

# Without an incident --------------------------------------------------------------------------------------------

Lay = Callable[[Path], object]


def healthy(work: Path) -> Tag:
    """One tag, which is well."""
    return Tag(laid_out(work) / "reports", "noon")


def crashed(work: Path) -> None:
    """A real run whose last step crashed; nothing of it has changed since."""
    run(foreign(work, monitor=misbehaving.CRASHES), tag="noon")


def crashed_and_changed(work: Path) -> None:
    """The same, and then the input was corrected."""
    crashed(work)
    batch = work / "sample_batch_input.json"
    batch.write_text(batch.read_text() + "\n")


def rules_replaced(work: Path) -> None:
    """A real run during which a step replaced the rules."""
    script = script_of(foreign(work), "quality_check")
    script.write_text(f"open('monitoring_rules.json', 'a').write(' ')\n{script.read_text()}")
    run(work, tag="noon")


def one_step_crashed(work: Path) -> None:
    """A step that was run by itself crashed."""
    tag = healthy(work)
    tag.remove(Artifact.MONITORING)
    save_run(tag.reports, tag.ran(monitor="crashed").model_copy(update={"kind": "step"}))


def without(artifact: Artifact) -> Lay:
    """Return what lays out a tag that lacks an artifact."""
    return lambda work: healthy(work).remove(artifact)


def warned(work: Path) -> None:
    """An ALERT without HIGH."""
    alert = ALERT | {"severity": "LOW"}
    healthy(work).change(Artifact.MONITORING, lambda found: found.update(status="ALERT", alerts=[alert]))


def declined(work: Path) -> None:
    """A note that says NO-GO beside gates that passed."""
    healthy(work).put(Artifact.PHASE4_SIGNOFF, "Recommendation: rejected\n")


def alerted(work: Path) -> None:
    """P1, and nobody has opened the incident."""
    laid_out(work)
    lay_out(work)


def overridden(work: Path) -> None:
    """P1 whose incident was closed by override, so that the tag was not left behind."""
    incident(work)
    site = site_of(work)
    give(site, plan_reopen(site, "B", override=True, reason="the desk says so"))


def tampered(work: Path) -> None:
    """A frozen tag whose report was changed."""
    tag = healthy(work)
    freeze(work, "noon")
    overwrite(tag.path(Artifact.REPORT), b"{}")


def beyond_restore(work: Path) -> None:
    """A frozen tag that has lost its frozen copies too."""
    tampered(work)
    manifest = frozen_dir(work / "reports", "noon") / "manifest.json"
    overwrite(manifest, manifest.read_bytes().replace(b"evidence", b"EVIDENCE"))


def unreadable(work: Path) -> None:
    """A journal with another line."""
    healthy(work)
    freeze(work, "noon")
    journal = work / "reports" / ".phase4" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"kind":"freeze"', '"kind":"frieze"'))


def fallen_alone(work: Path) -> None:
    """A fallback without an incident."""
    healthy(work)
    site = site_of(work)
    give(site, plan_phase3_only(site, "to be safe"))


def fallen_alone_and_proven(work: Path) -> None:
    """The same, with a run of Phase 3."""
    fallen_alone(work)
    phase3(work)


def fallen_alone_and_rehearsed(work: Path) -> None:
    """The same, with a healthy rehearsal."""
    fallen_alone_and_proven(work)
    rehearsed(work, "noon_rerun")


# The rollback, one step after the other -------------------------------------------------------------------------


def incident(work: Path) -> None:
    """P1 on B, beside the good tag A."""
    alerted(work)
    look_for_incident(site_of(work), "B")


def frozen(work: Path) -> None:
    """Step 1 is done."""
    incident(work)
    freeze(work, "B")


def frozen_and_tampered(work: Path) -> None:
    """Step 1 was done, and somebody wrote to the tag."""
    frozen(work)
    overwrite(work / "reports" / file_name("B", Artifact.REPORT), b"{}")


def frozen_by_a_dead_operator(work: Path) -> None:
    """Step 1 is done, though its operator died before that was put on record."""
    incident(work)

    def die_at_the_end(reports: Path, actor: Actor, draft: Draft) -> tuple[Event, OperationsState]:
        if (draft.detail or {}).get("outcome") == "done":
            raise KeyboardInterrupt
        return record(reports, actor, draft)

    with mock.patch("phase4_tui.rollback.operations.record", die_at_the_end), suppress(KeyboardInterrupt):
        freeze(work, "B")


def without_good_tag(work: Path) -> None:
    """Step 2 has nothing to switch to."""
    incident(work)
    (work / "reports" / file_name("A", Artifact.QUALITY_CHECK)).unlink()
    freeze(work, "B")


def without_good_tag_as_stated(work: Path) -> None:
    """The operator has said so."""
    without_good_tag(work)
    site = site_of(work)
    give(site, plan_no_good_tag(site, "none is left"))


def without_good_tag_and_product_called(work: Path) -> None:
    """The product owner knows."""
    without_good_tag_as_stated(work)
    site = site_of(work)
    give(site, plan_escalate(site, "product", None))


def switched(work: Path) -> None:
    """Step 2 is done."""
    frozen(work)
    site = site_of(work)
    give(site, plan_switch(site, "A", "rollback"))


def fallen(work: Path) -> None:
    """Step 3 has begun."""
    switched(work)
    site = site_of(work)
    give(site, plan_phase3_only(site, "rollback"))


def fallen_with_a_run_that_stopped(work: Path) -> None:
    """The run of Phase 3 was interrupted when its results were there already."""
    fallen(work)
    stop(work, run(work, phase=3), "signoff")


def proven(work: Path) -> None:
    """Step 3 is done."""
    fallen(work)
    phase3(work)


def explained(work: Path) -> None:
    """Step 4 is done."""
    proven(work)
    site = site_of(work)
    give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))


def reran(work: Path) -> None:
    """A rehearsal is there."""
    explained(work)
    rehearsed(work, "C")


def reran_badly(work: Path) -> None:
    """A rehearsal is there, and no better."""
    explained(work)
    rehearsed(work, "C")
    bad_tag(work / "reports", "C")


def rerun_that_stopped(work: Path) -> None:
    """A rehearsal was interrupted."""
    explained(work)
    stop(work, run(work, tag="B_rerun", rehearsal=True), "monitor")


def compared(work: Path) -> None:
    """The rehearsal was compared."""
    reran(work)
    site = site_of(work)
    give(site, plan_compare(site, "B", "C", "A"))


def reopened(work: Path) -> None:
    """The incident is over."""
    compared(work)
    site = site_of(work)
    give(site, plan_reopen(site, "C", accept_changed_input=True))


def phase3(work: Path) -> None:
    """Put results of Phase 3 there that are as new as if a run had just written them."""
    tag = Tag(work / "reports", "phase3_demo", phase=3)
    core = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
    for artifact in (*core, Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.PHASE3_SIGNOFF):
        tag.age(artifact, 0)


def rehearsed(work: Path, name: str) -> None:
    """Put a healthy rehearsal on record that was made now."""
    tag = Tag(work / "reports", name)
    made = tag.ran(
        pipeline="passed", release_check="passed", quality_check="passed", signoff="passed", monitor="passed"
    )
    save_run(tag.reports, made.model_copy(update={"rehearsal": True, "started_at": iso(now_ns())}))


def stop(work: Path, complete: RunRecord, name: str) -> None:
    """Make a run one that was interrupted at a step."""
    at = next(number for number, step in enumerate(complete.steps) if step.name == name)
    steps = [
        step if number < at else step.model_copy(update={"state": "cancelled" if number == at else "not_run"})
        for number, step in enumerate(complete.steps)
    ]
    save_run(work / "reports", complete.model_copy(update={"state": "interrupted", "steps": tuple(steps)}))
    (work / "reports" / next(iter(complete.steps[at].produced))).unlink()


OWN_CHECK = """
[[own_checks]]
name = "note"
title = "Note"
file = "{tag}_note.md"
class = "P2"
owner = "product"
"""


def with_a_file_that_no_step_writes(lay: Lay) -> Lay:
    """Return what lays out the same for a desk one of whose checks reads a file that no step writes."""

    def lay_out(work: Path) -> None:
        lay(work)
        (work / "phase4.toml").write_text(OWN_CHECK)

    return lay_out
