"""How numbers of things are written."""

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 tag`, `2 tags`, `1,000 tags`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(count: int) -> str:
    """Return a small number as a word, as text has it: `four`; a larger one in digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else str(count)
