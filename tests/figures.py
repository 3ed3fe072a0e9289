"""What a test measured, told so that the scorecard can print it."""

from collections.abc import Callable, Iterable

PROPERTY = "figure"


class Figures:
    """Notes the figures of one test; several tests, or cases, that use the same words make one figure together."""

    def __init__(self, note: Callable[[str, object], None]) -> None:
        self._note = note

    def worst(self, words: str, value: float) -> None:
        """Note a value that is told by its largest; `words` have a place for it, as in `gone after {:.1f} s`."""
        self._note(PROPERTY, ("worst", words, value))

    def total(self, words: str, value: float) -> None:
        """Note a value that is told by its sum, as in `{:,} kills`."""
        self._note(PROPERTY, ("total", words, value))


def together(properties: Iterable[tuple[str, object]]) -> list[str]:
    """Return the figures that tests have noted, in the order of their first."""
    found: dict[str, float] = {}
    for name, noted in properties:
        if name == PROPERTY and isinstance(noted, list | tuple):
            how, words, value = noted
            before = found.get(words)
            found[words] = value if before is None else max(before, value) if how == "worst" else before + value
    return [words.format(value) for words, value in found.items()]
