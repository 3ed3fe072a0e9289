"""Reads what a sign-off note recommends: GO, NO-GO or neither, in whatever spelling a desk writes it.

Only the recommendation counts: the lines under a heading that says so, or the paragraph that does. Any word for no
in it is a NO-GO, unless it is denied ("no hold"); a template that offers both ("GO / NO-GO") recommends nothing.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from phase4_tui.policy.visible_text import without_unseen

_COMMENT = re.compile(r"<!--(?:[^<]|<(?!!--))*?-->|</?[a-z][^<>\n]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,30});", re.IGNORECASE)
_DASHES = re.compile(
    "[-\u00b7\u02d7\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2500\u2501\u2e3a\u2e3b\u301c\u3030\u30a0]+"
)
_STRUCK_OUT = re.compile(r"~~[^~\n]+~~")
_NOT_TICKED = re.compile(r"(?:\[ ?\]|☐)[^\[☐☑☒✓✔✗✘|\n]*")
_SPACES = re.compile(" {2,}")
_EMPHASIS = re.compile(r"[*_`~\\]")
_NO_GO = r"no(?:/| ?(?:-\s?)?)go"
_CHOICE = "choice"
"""Stands for a choice that a template offers and nobody made."""
_OPTION = rf"[*_`]{{0,3}}(?:{_NO_GO}|go|hold|approved?|rejected?)(?![a-z0-9])[*_`]{{0,3}}"
_OFFERED = re.compile(rf"(?=[*_`nghar])(?<![\w-]){_OPTION}(?: ?(?:/|\bor\b) ?{_OPTION})+(?!\w)")
_OR = re.compile(r" ?(?:/|\bor\b) ?")

_LABEL = re.compile(
    r"\brecommend(?:ations?|ed|s)?\b"
    rf"|^[^\w]*(?:\w+ ){{0,3}}(?:verdict|decision|{_CHOICE})(?= ?(?:\([^()]*\) ?)?(?:[:|]|$))"
)
_NO_ANSWER = re.compile(rf"\([^()]*\)|\b{_CHOICE}\b|[^\w]")
_RULE = re.compile(r"[-=|: ]+")

_NO = re.compile(
    rf"(?<!\w)(?P<word>{_NO_GO}\b"
    r"|(?:(?:do|is|was|are|must|should|shall|can|could)\s)?(?:not|never|cannot|dont|\w+n't)\s(?:(?:yet|to|be|been|a|we)\s)*"
    r"(?:go|proceed|continue|approved?|accept(?:ed)?|recommended|ready|released?|cleared|promoted?)\b"
    r"|vetoe?d?\b|withdrawn\b|withheld\b|refused?\b|suspended?\b"
    r"|reject(?:ed|s|ion)?\b|disapproved?\b|declined?\b|denied\b"
    r"|(?=[hapd])(?:^|(?<=[\n.:;,|!?(>-])|(?<=[\n.:;,|!?(>-] )|(?<=\b(?:on|to|we|is)\s)|(?<=\ba\s)|(?<=\bplease\s))"
    r"(?:hold(?! (?:times?|periods?)\b)|halt|abort|stop(?:ped)?|postponed?|defer(?:red)?|not yet|no(?=\W*(?:\n|$)))\b)"
)
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|without|none|nothing|nobody|zero|0)|n't)"
    r" (?:(?:an?|any|the|is|are|was|were|been|be|on|of|to|for|further|open|reasons?|records?|rows?|decisions?) )*"
    r"$"
)
_COUNT_OF_NONE = re.compile(r"(?: \w+)? ?[:=|] ?(?:0|none)(?= ?(?:[\n|.,;)]|$))")
_YES = re.compile(r"(?<![\w-])(?:go|proceed|approved?|accepted)\b")
_LOOK_BACK = 80
LONGEST_NOTE = 32 << 10
_OWN = re.compile(r"\nRecommendation: \*\*(GO|NO-GO)\*\*\n\n")
_ELSEWHERE = ("verdict", "decision", _CHOICE, "<", "&", "~~")
"""What a plain note does not hold: another place for a recommendation, or what could hide the one that it has."""


@dataclass(frozen=True)
class Recommendation:
    """What a note recommends; `words` are those that say NO-GO, in lower case, and empty otherwise."""

    verdict: Literal["GO", "NO-GO", ""]
    words: str = ""


@lru_cache(maxsize=64)
def read_recommendation(text: str) -> Recommendation:
    """Return what the sign-off note `text` recommends; a word for no outweighs any word for go.

    What is too long to be a note can't be relied on, and counts as a no.
    """
    if len(text) > LONGEST_NOTE:
        return Recommendation("NO-GO", f"a note of more than {LONGEST_NOTE} characters, which is not read")
    own = _own(text)
    if own is not None:
        return own
    verdict: Literal["GO", ""] = ""
    for section in _sections(_plain_lines(text)):
        for found in _NO.finditer(section):
            before = section[max(0, found.start() - _LOOK_BACK) : found.start()]
            if not _DENIED.search(before) and not _COUNT_OF_NONE.match(section, found.end()):
                return Recommendation("NO-GO", " ".join(found["word"].split()))
        if _YES.search(section):
            verdict = "GO"
    return Recommendation(verdict)


def _own(text: str) -> Recommendation | None:
    """Return the recommendation of a note as this program writes it, in a fiftieth of the time; None for any other."""
    written = _OWN.search(text)
    if written is None or not text.isascii():
        return None
    lower = text.lower()
    if lower.count("recommend") > 1 or any(word in lower for word in _ELSEWHERE):
        return None
    return Recommendation("GO") if written.group(1) == "GO" else Recommendation("NO-GO", "no-go")


def _plain_lines(text: str) -> list[str]:
    """Return the lines in one spelling: NFKC, lower case, one kind of dash and space, no emphasis, nothing unseen."""
    text = _ENTITY.sub(lambda match: html.unescape(match.group()), _COMMENT.sub("", text))
    text = "\n".join([without_unseen(" ".join(line.split())) for line in text.splitlines()])
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text).casefold()).replace("\u2019", "'")
    text = _NOT_TICKED.sub(" ", _STRUCK_OUT.sub(" ", text))
    text = _SPACES.sub(" ", _EMPHASIS.sub("", _OFFERED.sub(_chosen, text)))
    return [line.strip() for line in text.split("\n")]


def _chosen(offered: re.Match[str]) -> str:
    """Return the options that a template offers, or only the emphasised ones, or that the choice is open."""
    options = _OR.split(offered.group())
    marked = [option for option in options if _EMPHASIS.match(option) and _EMPHASIS.search(option[-1])]
    if marked and len(marked) < len(options):
        return " ".join(marked)
    return _CHOICE if any(_YES.search(option) for option in options) else offered.group()


def _sections(lines: Iterable[str]) -> Iterator[str]:
    """Yield each recommendation: under a heading up to the next one, else up to the end of its paragraph."""
    section: list[str] = []
    inside: Literal["heading", "paragraph", "label", ""] = ""
    for line in lines:
        is_heading = line.startswith("#")
        if is_heading or (not line and inside == "paragraph"):
            inside = ""
        if not inside and section:
            yield "\n".join(section)
            section = []
        if label := _LABEL.search(line):
            answered = _NO_ANSWER.sub("", line[label.end() :])
            inside = (
                inside if inside == "heading" else "heading" if is_heading else "paragraph" if answered else "label"
            )
        elif inside == "label" and line and not _RULE.fullmatch(line):
            inside = "paragraph"
        if inside:
            section.append(line)
    if section:
        yield "\n".join(section)
