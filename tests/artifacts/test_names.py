"""Tags and names: what a tag may be, and whose a file is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, Artifact, BadTag, check_tag, file_name, is_tag
from tests.artifacts.support import artifacts, tags

ALLOWED = set(string.ascii_letters + string.digits + "._-")

NO_TAGS = {
    "empty": "",
    "65 characters": "a" * 65,
    "a newline behind": "a\n",
    "a newline before": "\na",
    "two dots": "a..b",
    "only two dots": "..",
    "dots at the end": "a..",
    "a leading dot": ".a",
    "a leading hyphen": "-a",
    "a leading underscore": "_a",
    "a slash": "a/b",
    "a way out": "../a",
    "an absolute path": "/a",
    "a backslash": "a\\b",
    "a space": "a b",
    "a NUL": "a\0b",
    "an accent": "é",
    "a digit of another script": "١",
    "a full-width letter": "ａ",
    "an accent inside": "caf\u00e9",
    "a combining mark": "e\u0301",
    "a right-to-left override": "a\u202eb",
    "a zero-width space": "a\u200b",
    "an escape": "a\x1b[2J",
    "a lone surrogate": "a\udcff",
    "a shell's dollar": "$(id)",
}


@pytest.mark.parametrize("text", NO_TAGS.values(), ids=NO_TAGS.keys())
def test_what_breaks_the_grammar_is_refused_with_the_rule_and_without_its_control_characters(text: str) -> None:
    assert not is_tag(text)
    with pytest.raises(BadTag) as refused:
        check_tag(text)
    message = str(refused.value)
    assert message.isascii()
    assert message.isprintable()
    assert "1 to 64" in message
    with pytest.raises(BadTag):
        file_name(text, Artifact.REPORT)


@pytest.mark.parametrize("text", ["a", "0", "a" * 64, "v1.2-rc_3", "a.", "a-", "a_report", "A", "a.b.c"])
def test_what_keeps_the_grammar_is_a_tag_as_it_is(text: str) -> None:
    assert check_tag(text) == text
    assert is_tag(text)


@given(st.text(alphabet=st.one_of(st.sampled_from(sorted(ALLOWED)), st.characters()), max_size=70))
def test_a_text_is_a_tag_exactly_when_it_keeps_every_rule(text: str) -> None:
    keeps = (
        1 <= len(text) <= 64
        and set(text) <= ALLOWED
        and text[0] in string.ascii_letters + string.digits
        and ".." not in text
    )
    assert is_tag(text) is keeps


@given(tags, artifacts)
def test_the_owner_of_a_tags_file_is_that_tag(tag: str, artifact: Artifact) -> None:
    assert RUNBOOK_ARTIFACTS.split(file_name(tag, artifact)) == (tag, artifact)


@given(tags, artifacts, artifacts)
def test_a_tag_that_ends_like_a_file_name_still_owns_its_files(tag: str, inner: Artifact, artifact: Artifact) -> None:
    ambiguous = (tag[:20] + inner.value).replace("..", ".")
    assert RUNBOOK_ARTIFACTS.split(file_name(ambiguous, artifact)) == (ambiguous, artifact)


@given(tags, tags, artifacts, artifacts)
def test_two_tags_never_share_a_file(one: str, other: str, first: Artifact, second: Artifact) -> None:
    same = (one, first) == (other, second)
    assert (file_name(one, first) == file_name(other, second)) is same


AMBIGUOUS = {
    "a_report.json": ("a", Artifact.REPORT),
    "a_report_report.json": ("a_report", Artifact.REPORT),
    "a_report_summary.json": ("a_report", Artifact.SUMMARY),
    "a_release_check.json": ("a", Artifact.RELEASE_CHECK),
    "a_release_check_report.json": ("a_release_check", Artifact.REPORT),
    "a_release_check_report.json_report.json": ("a_release_check_report.json", Artifact.REPORT),
    "a_phase4_signoff.md": ("a", Artifact.PHASE4_SIGNOFF),
    "a_phase4_phase4_signoff.md": ("a_phase4", Artifact.PHASE4_SIGNOFF),
    "a_phase3_signoff.md": ("a", Artifact.PHASE3_SIGNOFF),
    "a_monitoring.md": ("a", Artifact.MONITORING_MD),
    "a_report.md": ("a", Artifact.REPORT_MD),
    "a__report.json": ("a_", Artifact.REPORT),
}


@pytest.mark.parametrize(("name", "owner"), AMBIGUOUS.items(), ids=AMBIGUOUS.keys())
def test_an_ambiguous_name_belongs_to_the_tag_left_after_the_longest_suffix(
    name: str, owner: tuple[str, Artifact]
) -> None:
    assert RUNBOOK_ARTIFACTS.split(name) == owner


@pytest.mark.parametrize(
    "name",
    [
        "",
        "_report.json",
        "report.json",
        "a.json",
        "a_report.jsonx",
        "a_report.json.bak",
        "a_report.json\n",
        "a_report.JSON",
        "A_REPORT.json",
        ".a_report.json",
        ".a_report.json.123.0a1b2c3d.tmp",
        "a..b_report.json",
        "../a_report.json",
        "a" * 65 + "_report.json",
        "a\udcff_report.json",
        "a b_monitoring.md",
        "run.log",
    ],
)
def test_a_file_that_fits_no_suffix_or_no_tag_is_nobodys(name: str) -> None:
    assert RUNBOOK_ARTIFACTS.split(name) is None


def test_every_artifact_has_its_own_name_and_key() -> None:
    assert len({artifact.key for artifact in Artifact}) == len(Artifact)
    assert Artifact.REPORT.key == "report_json"
    assert Artifact.PHASE4_SIGNOFF.key == "phase4_signoff_md"
    assert {artifact.value for artifact in Artifact} == {
        "_report.json",
        "_summary.json",
        "_report.md",
        "_release_check.json",
        "_quality_check.json",
        "_phase4_signoff.md",
        "_phase3_signoff.md",
        "_monitoring.json",
        "_monitoring.md",
    }
