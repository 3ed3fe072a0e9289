"""What evidence is known by once an incident was opened for it: the same after every update of the program."""

from hashlib import sha256

from phase4_tui.journal.state import evidence_identity


def test_the_identity_of_evidence_is_the_beginning_of_a_hash_over_its_parts() -> None:
    assert evidence_identity(["t1", "schema_broken", "é"]) == sha256("t1\0schema_broken\0é".encode()).hexdigest()[:24]
    assert evidence_identity([]) == sha256(b"").hexdigest()[:24]


def test_parts_are_told_apart_and_their_order_counts() -> None:
    assert len({evidence_identity(parts) for parts in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["ab", "c", ""])}) == 4


def test_a_file_name_that_is_no_unicode_has_an_identity_too() -> None:
    assert evidence_identity(["\udcff"]) != evidence_identity(["\udcfe"])
