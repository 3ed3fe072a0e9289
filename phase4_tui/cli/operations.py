"""The commands that give an operation, made from the registry: each runs the dialogue that the dashboard runs."""

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import typer

from phase4_tui.cli.asker import give, session_of
from phase4_tui.cli.context import EXISTING, Desk
from phase4_tui.console.operations.operation import Loader, Operation
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.console.operations.shell_commands import Parameter, ShellCommand


def commands() -> Iterator[tuple[tuple[str, ...], Callable[..., int]]]:
    """Yield the words and function of each command that gives an operation."""
    for operation in OPERATIONS:
        for command in operation.commands:
            yield command.words, function_of(operation, command)


def function_of(operation: Operation, command: ShellCommand) -> Callable[..., int]:
    """Return a function with the parameters of a command that runs the operation's dialogue."""
    load = operation.loader
    if load is None:
        raise TypeError(f"operation {operation.id} has commands and no dialogue")
    return _function(load, command)


def _function(load: Loader, command: ShellCommand) -> Callable[..., int]:
    def run(desk: Desk, **given: Any) -> int:
        dialogue: Any = load()(session_of(desk, is_typed=True), **given, **command.fixed)
        return give(desk, dialogue)

    only = inspect.Parameter.KEYWORD_ONLY
    own = [_parameter(parameter) for parameter in command.parameters]
    first = inspect.Parameter("desk", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Desk)
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what inspect documents
        [first, *(parameter.replace(kind=only) for parameter in own)]
    )
    run.__name__ = "_".join(command.words).replace("-", "_")
    run.__doc__ = command.help
    return run


def _parameter(parameter: Parameter) -> inspect.Parameter:
    """Return a parameter in the form that typer reads from a signature."""
    kind: Any = bool if parameter.switch else Literal[parameter.choices] if parameter.choices else str
    more: dict[str, Any] = {"help": parameter.help}
    if parameter.default_is:
        more["show_default"] = parameter.default_is
    if parameter.flag is None:
        info: Any = typer.Argument(metavar=parameter.metavar, **more)
    elif parameter.switch:
        info = typer.Option(parameter.flag, **more)
    else:
        info = typer.Option(parameter.flag, metavar=parameter.metavar, **more)
    default: Any = inspect.Parameter.empty
    if not parameter.required:
        default = False if parameter.switch else None
        kind = kind if parameter.switch else kind | None
    note = EXISTING if parameter.name == "tag" else ""
    annotation = Annotated[kind, info, note]
    return inspect.Parameter(parameter.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
