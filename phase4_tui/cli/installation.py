"""The commands around an installation: `init`, `doctor`, `schema`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import BaseModel

from phase4_tui.artifacts import models
from phase4_tui.artifacts.atomic_files import atomic_write
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.cli.status_document import StatusDocument
from phase4_tui.errors import Refused, as_commands
from phase4_tui.policy.monitoring import DEFAULT_RULES
from phase4_tui.policy.phase3 import record as phase3
from phase4_tui.policy.phase4 import record as phase4
from phase4_tui.runbook.doctor import examine
from phase4_tui.runbook.settings import SETTINGS_FILE, Settings
from phase4_tui.runbook.steps import DATA, PHASE4_STEPS, laid_out_script

SCHEMAS: dict[str, Any] = {
    "input": phase4.Record,
    "phase3_input": phase3.Record,
    "rules": msgspec.defstruct(
        "Rules",
        [(rule, float, limit) for rule, limit in DEFAULT_RULES.items()],
        namespace={"__doc__": "Limits in percent; the defaults are policy.md's."},
    ),
    "report": models.ReportHead,
    "report_row": phase4.Row,
    "phase3_report_row": phase3.Row,
    "summary": models.Summary,
    "phase3_summary": models.Phase3Summary,
    "release_check": models.ReleaseCheck,
    "quality_check": models.QualityCheck,
    "monitoring": models.Monitoring,
    "status": StatusDocument,
    "settings": Settings,
}


def init(
    desk: Desk,
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where; here by default.")] = None,
) -> int:
    """Lay out a working directory: input, rules, runbook, settings and the step scripts; never overwrites."""
    target = (desk.workdir / directory) if directory else desk.workdir
    files = laid_out_files()
    kept = sorted(name for name in files if (target / name).exists())
    new = [name for name in files if name not in kept]
    if not desk.dry_run:
        for name in new:
            atomic_write(target / name, files[name], overwrite=False)
        (target / "reports").mkdir(exist_ok=True)
    if desk.json:
        emit({"workdir": str(target), "written": [] if desk.dry_run else new, "kept": kept, "plan": new})
        return DONE
    for name in new:
        say(f"{'would write' if desk.dry_run else 'wrote'} {target / name}")
    for name in kept:
        say(f"kept {target / name}, which was there already")
    if not desk.dry_run:
        say(f"next: cd {target} && phase4 run")
    return DONE


def laid_out_files() -> dict[str, bytes]:
    """Return the files of a working directory by name."""
    names = {
        "sample_batch_input.json": "sample_batch_input.json",
        "monitoring_rules.json": "monitoring_rules.json",
        "RUNBOOK.md": "runbook.md",
        SETTINGS_FILE: SETTINGS_FILE,
    }
    files = {name: (DATA / source).read_bytes() for name, source in names.items()}
    for step in PHASE4_STEPS:
        files[step.script] = laid_out_script(step.module, sys.executable).encode()
    return files


def doctor(desk: Desk) -> int:
    """Say what is installed, which barrier holds, and whether disk, clock and terminal are fit."""
    findings = examine(desk.settings, desk.workdir, desk.environment)
    healthy = all(finding.ok or finding.advisory for finding in findings)
    if desk.json:
        emit({"ok": healthy, "checks": findings})
        return DONE if healthy else FAILED
    for finding in findings:
        symbol = "✔" if finding.ok else "·" if finding.advisory else "✘"
        say(
            f"{symbol} {finding.name:<18} {as_commands(finding.detail, finding.remedies)}",
            "" if finding.ok else "yellow" if finding.advisory else "red",
        )
    return DONE if healthy else FAILED


def schema(desk: Desk, name: Annotated[str, typer.Argument(help=f"One of {', '.join(SCHEMAS)}.")]) -> int:
    """Print the JSON Schema of a file format."""
    if name not in SCHEMAS:
        raise Refused(f"{name!a} is no file format; the formats are {', '.join(SCHEMAS)}")
    kind = SCHEMAS[name]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = kind.model_json_schema(by_alias=True)
    else:
        found = msgspec.json.schema(kind)
    print(json.dumps(found, indent=2))
    return DONE
