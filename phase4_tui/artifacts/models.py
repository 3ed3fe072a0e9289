"""One frozen pydantic model per document of a tag (docs formats, "Keys").

A field without a default is a key that readers need: without it the schema is broken. A field that may be None is
absent in older runs: it is shown as missing, and the rest is used. Unknown keys are ignored.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, field_serializer, model_validator
from pydantic.json_schema import SkipJsonSchema

from phase4_tui.artifacts.clock import check_moment
from phase4_tui.errors import Remedy, as_commands

Moment = Annotated[str, AfterValidator(check_moment)]
"""A time as `iso` writes it."""
LARGEST_COUNT = (1 << 53) - 1
"""JSON's numbers are exact up to here."""
Seq = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
"""The number of an event of the journal, 0 for none."""
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT, strict=True)]
Lines = Annotated[tuple[str, ...], Field(fail_fast=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False, strict=True)]


def flat(content: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return the values of nested objects by their path, e.g. `action_counts.BUY_CALL`; `prefix` begins each."""
    found: dict[str, object] = {}
    for key, value in content.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


class Document(BaseModel):
    """A file's content, or a part of it."""

    # Built on first use, so that a start pays only for the documents that it reads.
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), defer_build=True)

    def missing_keys(self) -> list[str]:
        """Return the keys of a current document that this one lacks."""
        return []


class Diagnostic(Document):
    """A result with its `detail` and remedies; in JSON `detail` holds both, the remedies as commands."""

    remedies: SkipJsonSchema[tuple[Remedy, ...]] = Field(default=(), exclude=True)

    @field_serializer("detail", check_fields=False)
    def _with_commands(self, detail: str) -> str:
        return as_commands(detail, self.remedies)


class ArtifactDocument(Document):
    """An artifact that other programs, also older ones, may have written."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, content: object) -> object:
        """Refuse null: a key may be missing, as in older runs, but a present value must be of its type."""
        for name in cls.model_fields:
            if isinstance(content, dict) and name in content and content[name] is None:
                raise ValueError(f"key `{name}` is null")
        return content

    def missing_keys(self) -> list[str]:
        """Return the keys, including those of parts, that a current run writes and this document lacks."""
        missing = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None:
                missing.append(name)
            missing += [f"{name}.{key}" for key in _missing_below(value)]
        return missing


def _missing_below(value: object) -> list[str]:
    if isinstance(value, ArtifactDocument):
        return value.missing_keys()
    if isinstance(value, dict):
        return [f"{name}.{key}" for name, part in value.items() for key in _missing_below(part)]
    if isinstance(value, tuple):
        return sorted({key for part in value for key in _missing_below(part)})
    return []


class ActionCounts(ArtifactDocument):
    """The number of decisions per action."""

    BUY_CALL: Count | None = None
    BUY_PUT: Count | None = None
    NO_TRADE: Count | None = None


class Summary(ArtifactDocument):
    """`_summary.json` of Phase 4; the report's `summary` is the same without `run_tag`."""

    run_tag: str | None = None
    total_records: Count
    action_counts: ActionCounts
    event_block_count: Count | None = None
    event_block_pct: Percent | None = None
    portfolio_block_count: Count | None = None
    portfolio_block_pct: Percent | None = None


class Phase3Summary(ArtifactDocument):
    """`_summary.json` of Phase 3."""

    run_tag: str | None = None
    total_records: Count
    consensus_counts: ActionCounts
    veto_count: Count | None = None
    veto_pct: Percent | None = None


class ReleaseCheck(ArtifactDocument):
    """`_release_check.json`."""

    passed: StrictBool
    tag: str | None = None
    outdir: str | None = None
    checked_files: Lines | None = None
    missing_files: Lines | None = None
    validation_errors: Lines | None = None


class QualitySection(ArtifactDocument):
    """One section of a quality check."""

    passed: StrictBool
    issues: Lines | None = None


class QualityCheck(ArtifactDocument):
    """`_quality_check.json`."""

    passed: StrictBool
    checks: dict[str, QualitySection] | None = None


class Snapshot(ArtifactDocument):
    """The monitor's measurements; `kpis` holds percentages and the statuses of the two gates."""

    run_tag: str | None = None
    records: Count | None = None
    kpis: dict[str, Any]


class Alert(ArtifactDocument):
    """One breached rule of the monitor."""

    metric: str
    severity: Literal["LOW", "MEDIUM", "HIGH"]
    value: Number | str | None = None
    threshold: Number | str | None = None
    operator: str | None = None
    message: str | None = None


class Monitoring(ArtifactDocument):
    """`_monitoring.json`."""

    status: Literal["OK", "ALERT"]
    alerts: Annotated[tuple[Alert, ...], Field(fail_fast=True)]
    snapshot: Snapshot | None = None
    alert_count: Count | None = None


class ReportHead(ArtifactDocument):
    """A report without its rows."""

    run_tag: str | None = None
    input_file: str
    record_count: Count
    summary: dict[str, Any]
