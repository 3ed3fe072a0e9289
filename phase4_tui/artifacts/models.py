"""One frozen pydantic model per document of a tag (formats.md, The reports directory).

A field without a default is a key that readers need: without it the schema is broken. A field that may be None
is one that older runs lack: it is shown as missing, and the rest is used. Unknown keys are ignored.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

Count = Annotated[int, Field(ge=0, strict=True)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Document(BaseModel):
    """A file's content, or a part of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    def missing_keys(self) -> list[str]:
        """Return the keys that a run of today writes and this one lacks."""
        return [
            name
            for name, field in type(self).model_fields.items()
            if not field.is_required() and field.default is None and name not in self.model_fields_set
        ]


class Summary(Document):
    """`_summary.json` of Phase 4; the report's `summary` is the same without `run_tag`."""

    run_tag: str | None = None
    total_records: Count
    action_counts: dict[str, Count]
    event_block_count: Count | None = None
    event_block_pct: Percent | None = None
    portfolio_block_count: Count | None = None
    portfolio_block_pct: Percent | None = None


class Phase3Summary(Document):
    """`_summary.json` of Phase 3."""

    run_tag: str | None = None
    total_records: Count
    consensus_counts: dict[str, Count]
    veto_count: Count | None = None
    veto_pct: Percent | None = None


class ReleaseCheck(Document):
    """`_release_check.json`."""

    passed: StrictBool
    tag: str | None = None
    outdir: str | None = None
    checked_files: tuple[str, ...] | None = None
    missing_files: tuple[str, ...] | None = None
    validation_errors: tuple[str, ...] | None = None


class QualitySection(Document):
    """One section of a quality check."""

    passed: StrictBool
    issues: tuple[str, ...] = ()


class QualityCheck(Document):
    """`_quality_check.json`."""

    passed: StrictBool
    checks: dict[str, QualitySection] | None = None


class Snapshot(Document):
    """What the monitor measured; `kpis` holds percents and the two gates' statuses."""

    run_tag: str | None = None
    records: Count | None = None
    kpis: dict[str, Any]


class Alert(Document):
    """One breached rule of the monitor."""

    metric: str
    severity: Literal["LOW", "MEDIUM", "HIGH"]
    value: float | str | None = None
    threshold: float | str | None = None
    operator: str | None = None
    message: str | None = None


class Monitoring(Document):
    """`_monitoring.json`."""

    status: Literal["OK", "ALERT"]
    alerts: tuple[Alert, ...]
    snapshot: Snapshot | None = None
    alert_count: Count | None = None


class ReportHead(Document):
    """A report without its rows."""

    run_tag: str
    input_file: str
    record_count: Count
    summary: dict[str, Any]
