"""What a question may be answered with: the inputs there are, each with what is known of it, and paths completed."""

import json
import os
from pathlib import Path

from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.console.operations.known_inputs import known_inputs
from phase4_tui.console.operations.suggestions import common_beginning, paths
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.provenance import Source, save_run
from phase4_tui.runbook.run_plan import Request, plan_run
from tests.rollback.support import site_of
from tests.runbook.documents import Tag, put
from tests.runbook.support import laid_out
from tests.tui.support import bad_tag

RECORDS = [{"underlying": "X"}] * 3


def ran_on(tag: Tag, batch: str) -> None:
    path = tag.reports.parent / batch
    record = tag.ran(pipeline="passed")
    save_run(tag.reports, record.model_copy(update={"input": Source(path=batch, sha256=hash_file(path))}))


def test_each_input_is_told_with_its_records_digits_age_and_who_used_it(tmp_path: Path) -> None:
    work = laid_out(tmp_path)
    noon = put(work / "noon.json", RECORDS, age=130)
    ran_on(Tag(work / "reports", "noon"), "noon.json")
    put(work / "late.jsonl", "{}\n{}\n", age=7)
    put(work / "object.json", {"no": "batch"})
    found = dict(known_inputs(site_of(work)))
    assert list(found) == ["sample_batch_input.json", "noon.json", "late.jsonl"]
    digits = (hash_file(noon) or "")[:8]
    assert found["noon.json"] == f"3 records · {digits} · 2 min ago · used by noon"
    assert found["late.jsonl"].startswith("2 records · ")
    put(noon, RECORDS[:2])
    assert dict(known_inputs(site_of(work)))["noon.json"].endswith("changed since noon used it")
    noon.unlink()
    assert dict(known_inputs(site_of(work)))["noon.json"] == "is missing"


def test_a_rehearsal_that_is_not_asked_for_its_input_takes_the_one_of_the_settings_as_scripts_rely_on(
    tmp_path: Path,
) -> None:
    work = laid_out(tmp_path)
    site = site_of(work)
    put(work / "noon.json", RECORDS)
    ran_on(bad_tag(work / "reports"), "noon.json")
    look_for_incident(site, "B")
    planned = plan_run(site.settings, work, site.environment, Request(rehearsal=True))
    assert planned.input.path == "sample_batch_input.json"
    assert known_inputs(site)[0][0] == "noon.json", "where it is asked for, the incident's is proposed"


def test_an_input_of_any_kind_is_told_and_none_ends_the_question(tmp_path: Path) -> None:
    work = laid_out(tmp_path)
    sample = work / "sample_batch_input.json"
    for content, told in (("[1, 2", "not JSON"), ("", "0 records"), ("{}", "1 record")):
        put(sample, content)
        assert told in dict(known_inputs(site_of(work)))[sample.name]
    sample.unlink()
    sample.mkdir()
    assert dict(known_inputs(site_of(work)))[sample.name]
    sample.rmdir()
    with sample.open("wb") as file:
        file.truncate(20 << 20)
    assert dict(known_inputs(site_of(work)))[sample.name].startswith("20 MiB")


def test_paths_complete_as_in_a_shell(tmp_path: Path) -> None:
    for name in ("noon.json", "noon2.json", ".hidden"):
        (tmp_path / name).write_text(json.dumps([]))
    (tmp_path / "night").mkdir()
    assert paths(tmp_path, "noo") == ["noon.json", "noon2.json"]
    assert paths(tmp_path, "ni") == ["night/"]
    assert paths(tmp_path, "./noon2") == ["./noon2.json"]
    assert paths(tmp_path, f"{tmp_path}{os.sep}.h") == [f"{tmp_path}/.hidden"]
    assert paths(tmp_path, "") == ["night/", "noon.json", "noon2.json"]
    for nothing in ("x", "gone/x", "\0", "~nobody-of-that-name/x"):
        assert paths(tmp_path, nothing) == []
    assert common_beginning(["noon.json", "noon2.json"]) == "noon"
    assert common_beginning([]) == ""
