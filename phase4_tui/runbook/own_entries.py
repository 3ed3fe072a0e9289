"""Whether the desk's own steps and checks go with the runbook's and with each other."""

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter, ValidationError

from phase4_tui.artifacts.names import Artifact, key_of
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.runbook.checks import CHECKS
from phase4_tui.runbook.ladder import RUNGS
from phase4_tui.runbook.setting_types import Argument, OwnFile
from phase4_tui.runbook.settings import UNKNOWN, Location, Settings, StepSettings
from phase4_tui.runbook.steps import PHASE3_STEPS, PHASE4_STEPS, Step

Problem = tuple[Location, str]


def problems(settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong, each with the path of its key; the text goes on after the key's name."""
    yield from _tables(("steps",), settings.steps, [*_names(PHASE4_STEPS), *(own.name for own in settings.own_steps)])
    yield from _tables(("phase3", "steps"), settings.phase3.steps, _names(PHASE3_STEPS))
    yield from _taken("own_steps", [own.name for own in settings.own_steps])
    yield from _taken("own_checks", [own.name for own in settings.own_checks])
    yield from _titles(settings)
    yield from _tuned(settings)
    yield from _files(settings)
    yield from _keys(settings)


def _names(steps: Iterable[Step]) -> list[str]:
    return [step.name for step in steps]


def _tables(path: Location, tables: Iterable[str], known: list[str]) -> Iterator[Problem]:
    for name in tables:
        if name not in known:
            yield (*path, name), UNKNOWN


def _taken(array: str, names: list[str]) -> Iterator[Problem]:
    """Yield the names that something of this program has, or an entry before."""
    steps = (*PHASE4_STEPS, *PHASE3_STEPS)
    ours = {*_names(steps), *(step.stem for step in steps), *(entry.name for entry in CHECKS)}
    for at, name in enumerate(names):
        if name in ours:
            yield (array, at, "name"), f": {name} is a name of the runbook's own steps and checks"
        elif name in names[:at]:
            yield (array, at, "name"), f": {name} is the name of another entry"


def _titles(settings: Settings) -> Iterator[Problem]:
    """Yield the titles under which another check, or a rung of the ladder, is shown."""
    taken = {text.casefold() for text in (*(entry.title for entry in CHECKS), *RUNGS)}
    for at, own in enumerate(settings.own_checks):
        if own.title.casefold() in taken:
            yield ("own_checks", at, "title"), f": {own.title} is the title of another check or rung"
        taken.add(own.title.casefold())


def _tuned(settings: Settings) -> Iterator[Problem]:
    """Yield what `[steps.NAME]` says of an own step and may not: the rules are those of the step itself."""
    for own in settings.own_steps:
        table = settings.steps.get(own.name, StepSettings())
        for key, kind in (("argv", Argument), ("expects", OwnFile)):
            for at, text in enumerate(getattr(table, key) or ()):
                try:
                    TypeAdapter(kind).validate_python(text)
                except ValidationError as error:
                    told = error.errors(include_url=False, include_context=False)[0]["msg"]
                    yield ("steps", own.name, key, at), f": {told}, found {safe_line(ascii(text), 60)}"


def _files(settings: Settings) -> Iterator[Problem]:
    """Yield the files that are another's, or could not be told from another's.

    A tag may hold `_`, so a file whose name ends like another's could be either: that of a tag `a_b` or of a tag `a`.
    """
    written: dict[str, str] = {}
    for at, own in enumerate(settings.own_steps):
        tuned = settings.steps.get(own.name, StepSettings()).expects
        path: Location = ("steps", own.name) if tuned is not None else ("own_steps", at)
        for index, file in enumerate(tuned or own.expects):
            if file in written:
                yield (*path, "expects", index), f": {file} is written by {written[file]} too"
            written[file] = own.name
            yield from _mistaken((*path, "expects", index), file, written)
    files = dict.fromkeys(written)
    for at, check in enumerate(settings.own_checks):
        files[check.file] = None
        yield from _mistaken(("own_checks", at, "file"), check.file, files)


def _mistaken(location: Location, file: str, files: Iterable[str]) -> Iterator[Problem]:
    suffix = file.removeprefix("{tag}")
    for other in (*Artifact, *(name.removeprefix("{tag}") for name in files if name != file)):
        if suffix.endswith(other) or other.endswith(suffix) or key_of(suffix) == key_of(other):
            yield location, f": {file} can't be told from {{tag}}{other}, which is another artifact"


def _keys(settings: Settings) -> Iterator[Problem]:
    """Yield what is said of the content of a file that has none to be looked into."""
    for at, check in enumerate(settings.own_checks):
        if "expected" in check.model_fields_set and check.key is None:
            yield ("own_checks", at, "expected"), ": needs `key`, where in the file it stands"
        for name, value in (("key", check.key), ("issues", check.issues)):
            if value is not None and not check.file.endswith(".json"):
                yield ("own_checks", at, name), f": needs a file of JSON, and {check.file} does not end in .json"
