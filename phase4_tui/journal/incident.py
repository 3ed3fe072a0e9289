"""An incident as the state of operations holds it, and its clock."""

import re
from typing import Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from phase4_tui.artifacts.models import Document, Moment

SeverityClass = Literal["P0", "P1", "P2"]
Owner = Literal["engineering", "risk", "product"]
Stage = Literal["detected", "contained", "recovered"]


_ID = re.compile(r"inc-\d{8}T(\d{6})-\d+")


def short_id(incident_id: str) -> str:
    """Return an incident's name for a column, `inc-034500`: without day and milliseconds, which its detail has."""
    found = _ID.fullmatch(incident_id)
    return f"inc-{found[1]}" if found else incident_id


class Breach(Document):
    """The limit that a value is past, and how bad that is, as the monitor wrote it."""

    threshold: float | str | None = None
    severity: str


class Finding(Document):
    """One piece of evidence: a value under a key of a file; of an alert also its limit and severity."""

    file: str
    key: str
    value: Any = None
    breach: Breach | None = None

    @model_serializer(mode="wrap")
    def _without_a_breach_that_is_none(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.breach is None:
            del written["breach"]
        return written


class Escalation(Document):
    """One escalation to an owner, and who acknowledged it."""

    owner: Owner
    at: Moment
    by: str
    note: str | None = None
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None


class Comparison(Document):
    """A recorded comparison: the re-run, the identity of its report, and the result."""

    rerun: str
    report_sha256: str | None
    verdict: str
    at: Moment
    comparable: bool = True
    """False when nothing could be compared, which an older journal never says."""


class Former(Document):
    """An incident before a worse finding on another tag raised it; its times are as those of an incident."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    tag: str
    severity_class: SeverityClass | None = Field(alias="class")
    rule: str
    owner: Owner | None
    until: Moment
    contained_at: Moment | None = None

    def __str__(self) -> str:
        return f"{self.severity_class} {self.rule.replace('_', ' ')} of {self.tag}"


class Incident(Document):
    """One incident; its times are UTC, exact except `evidence_at`, an estimate from a file's time."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    id: str
    severity_class: SeverityClass | None = Field(alias="class")
    rule: str
    tag: str
    owner: Owner | None
    evidence: tuple[Finding, ...] = ()
    opened_at: Moment
    opened_by: str
    evidence_at: Moment | None = None
    contained_at: Moment | None = None
    recovered_at: Moment | None = None
    escalations: tuple[Escalation, ...] = ()
    root_causes: tuple[int, ...] = ()
    """`seq` of each root-cause event."""
    comparisons: tuple[Comparison, ...] = ()
    former: tuple[Former, ...] = ()
    no_good_tag: bool = False
    """An operator has stated that there is no known-good tag to switch to."""

    @property
    def stage(self) -> Stage:
        """The stage of its handling."""
        if self.recovered_at is not None:
            return "recovered"
        return "contained" if self.contained_at is not None else "detected"

    def changed(self, **values: object) -> "Incident":
        """Return a copy with these values changed."""
        return self.model_copy(update=values)
