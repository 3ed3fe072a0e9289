"""How numbers of things are written."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 tag`, `2 tags`, `1,000 tags`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
