"""What a closed incident leaves to read: the block on every face, and the post-mortem to hand on."""

import re
from pathlib import Path

import pytest

from phase4_tui.artifacts.plain_words import short_digests
from phase4_tui.console.closing_block import clock_rows, closing_rows
from phase4_tui.console.remedies import wording
from phase4_tui.console.run_words import running_words
from phase4_tui.errors import as_commands
from phase4_tui.journal.incident import Incident
from phase4_tui.rollback.closing import Closing, read_closing
from phase4_tui.rollback.post_mortem import find_incident, post_mortem
from phase4_tui.runbook.provenance import RunRecord, Source, last_sequence, new_run_id, save_run
from phase4_tui.runbook.site import Site
from tests.cli.support import ask
from tests.rollback.layouts import explained, reopened
from tests.rollback.support import site_of

BEFORE, AFTER = "3d4fb674" * 8, "4810ea86" * 8


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A desk that has closed the incident of B by a re-run, C, on a corrected input."""
    reopened(tmp_path)
    rerun = last_sequence(tmp_path / "reports", "C")
    assert rerun is not None
    for tag, digest in (("C", AFTER), ("B", BEFORE)):
        run_id = rerun.run_id if tag == "C" else new_run_id()
        source = {"path": f"{tag}.json", "sha256": digest}
        changes = {"tag": tag, "run_id": run_id, "input": Source.model_validate(source)}
        save_run(tmp_path / "reports", rerun.model_copy(update=changes))
    return site_of(tmp_path)


def closing_at(site: Site) -> Closing:
    return read_closing(site, find_incident(site, None))


def test_the_closing_block_has_times_cause_remediation_accepted_input_and_the_key_of_the_post_mortem(
    site: Site,
) -> None:
    rows = dict(closing_rows(closing_at(site), wording({"export": "f9"})))
    assert list(rows) == [
        "detected", "contained", "recovered", "cause", "remediation", "accepted input", "reopened on", "next",
    ]  # fmt: skip
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC", rows["detected"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC, after [\d.]+ s", rows["contained"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC, after [\d.]+ s, [\d.]+ s in all", rows["recovered"])
    assert (rows["cause"], rows["remediation"]) == ("c", "r")
    assert rows["accepted input"] == (
        "C.json (sha256 4810ea86), was B.json (sha256 3d4fb674), accepted as the correction"
    )
    assert rows["reopened on"].startswith("C, by maria@")
    assert rows["next"] == "`f9` shows the post-mortem"
    assert dict(closing_rows(closing_at(site), as_commands))["next"].startswith("`phase4 incident export inc-")


def test_incident_show_tells_the_same_block(site: Site) -> None:
    out = ask(site.workdir, "incident", "show").out
    assert "monitoring alert high · closed" in out
    for label, text in closing_rows(closing_at(site), as_commands):
        assert f"  {label:<14} {text}\n" in out
    assert "why: no_trade 95 > 70 HIGH" in out


def test_durations_stand_between_the_times_in_one_form() -> None:
    at = "2026-02-17T{}.123456Z"
    values = {"id": "i", "class": "P1", "rule": "r", "tag": "t", "owner": None, "opened_by": "a"}
    times = {"opened_at": at.format("03:45:00"), "contained_at": at.format("03:47:08")}
    incident = Incident.model_validate(values | times | {"recovered_at": at.format("05:01:08")})
    assert clock_rows(incident) == [
        ("detected", "2026-02-17 03:45:00 UTC"),
        ("contained", "2026-02-17 03:47:08 UTC, after 2 min 8 s"),
        ("recovered", "2026-02-17 05:01:08 UTC, after 1 h 14 min, 1 h 16 min in all"),
    ]
    never = clock_rows(incident.changed(contained_at=None))
    assert never[1:] == [("recovered", "2026-02-17 05:01:08 UTC, after 1 h 16 min, without having been contained")]
    assert [label for label, _ in clock_rows(incident.changed(recovered_at=None))] == ["detected", "contained"]


def test_the_post_mortem_can_be_handed_on(site: Site) -> None:
    text = post_mortem(site).replace("\\", "")
    opening = text.splitlines()[2]
    assert re.fullmatch(
        r"On \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC the run B was found to be an incident: P1 monitoring alert high "
        r"\(no_trade 95 > 70 HIGH\)\. It was contained after [\d.]+ s\. After [\d.]+ s Phase 4 was reopened on C "
        r"by maria@\S+, with every condition met, the changed input or rules accepted as the correction\.",
        opening,
    ), opening
    assert f"| the run of B | input | B.json | {BEFORE} |" in text
    assert f"| the re-run of C | input | C.json | {AFTER} |" in text
    assert "- no_trade 95 > 70 HIGH" in text
    timeline = text[text.index("## Timeline") :]
    assert re.search(r"- \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC maria@\S+: freeze B: evidence\n", timeline)
    assert "mode Phase 3 only: rollback\n" in timeline
    items = text[text.index("## Action items") :].splitlines()[2:]
    assert items[0] == "- [ ] r · owner risk · due …"
    assert items[1:] == ["- [ ] … · owner … · due …"] * 3
    outside = text[: text.index("## Runs")] + text[text.index("## Root cause") :]
    assert not re.search(r"[0-9a-f]{64}|\d\.\d{6}Z|False|_pct", outside)


def test_digests_are_cut_where_a_text_only_tells_them_apart() -> None:
    assert short_digests(f"input sha256 {BEFORE} → {AFTER}; 12") == "input sha256 3d4fb674 → 4810ea86; 12"


def test_an_open_incident_is_said_to_be_open(tmp_path: Path) -> None:
    explained(tmp_path)
    opening = post_mortem(site_of(tmp_path)).splitlines()[2]
    assert opening.endswith("It is open.")
    assert "contained after" in opening


def test_a_run_under_way_is_told_with_its_step_its_records_and_its_share(site: Site) -> None:
    run = last_sequence(site.reports, "C")
    assert run is not None

    def at(**states: str) -> RunRecord:
        return run.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"state": states.get(step.name, "not_run"), "started_at": run.started_at})
                    for step in run.steps
                )
            }
        )

    progress = {"records": 41_000, "bytes": 41, "total_bytes": 100}
    words = running_words(at(pipeline="running"), progress)
    assert re.fullmatch(r"step 1 of 5, pipeline · 41,000 records · 41 % · \d+ s", words), words
    words = running_words(at(pipeline="passed", release_check="running"), None)
    assert re.fullmatch(r"step 2 of 5, release check · \d+ s", words), words
    assert running_words(at(pipeline="passed"), None) == "1 of 5 steps done; the next step begins"
