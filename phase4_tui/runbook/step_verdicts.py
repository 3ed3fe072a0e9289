"""Judges a step that a run has carried out: by how it ended, by the files it had to write, by its gate."""

from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import QualityCheck, ReleaseCheck
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.runbook.children import ChildResult
from phase4_tui.runbook.endings import broken_off, gate_failed, last_words
from phase4_tui.runbook.expected_files import Before, problems_of
from phase4_tui.runbook.provenance import StepState
from phase4_tui.runbook.run_plan import RunPlan
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Command

CHECK_LIMIT = 32 << 20


def verdict_of(
    command: Command, result: ChildResult, before: Before, plan: RunPlan, site: Site
) -> tuple[StepState, str | None]:
    """Return a step's state, and the reason for any but passed."""
    broken = broken_off(command, result)
    if broken is not None:
        return broken
    failed_status = gate_failed(command, result)
    problems = problems_of(command, plan.place.reports, plan.tag, plan.phase, before, site.artifacts)
    if problems:
        words = last_words(result) if failed_status else ""
        return "crashed", f"exit status {result.exit_code}, but {'; '.join(problems)}{words}"
    passed, words = _gate_passed(command, plan, site)
    if passed is False or (failed_status and passed is None):
        return "failed_gate", None if failed_status else f"exit status 0, but its check {words}"
    if failed_status:
        return "crashed", f"exit status 2, but its check {words}"
    return "passed", None


def _gate_passed(command: Command, plan: RunPlan, site: Site) -> tuple[bool | None, str]:
    """Return whether a gate passed by its file, None where it does not say, and the file's words."""
    verdict = command.step.verdict
    if verdict is None or file_name(plan.tag, verdict) not in command.expects:
        return None, ""  # `expects` was replaced: the file may be left over from another run
    file = plan.place.reports / file_name(plan.tag, verdict)
    if command.step.argv is not None:
        from phase4_tui.runbook.own_checks import gate_of  # noqa: PLC0415 - few desks have any

        check = next(one for one in site.settings.own_checks if one.name == command.step.name)
        return gate_of(check, file)
    model = ReleaseCheck if verdict is Artifact.RELEASE_CHECK else QualityCheck
    found = look(file, model, limit=CHECK_LIMIT)
    passed = found.value.passed if isinstance(found.value, ReleaseCheck | QualityCheck) else None
    return passed, "says passed=false" if passed is False else "does not say passed=false"
