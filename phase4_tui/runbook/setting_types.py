"""The types of settings values, each with its validation."""

import math
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from phase4_tui.artifacts.safe_text import safe_line

PLACEHOLDERS = ("tag", "input", "rules", "outdir")
"""The placeholders in a step's command line and in the names of its files."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OWN_FILE = re.compile(r"\{tag\}_[A-Za-z0-9._-]{0,79}[A-Za-z0-9]")


class Section(BaseModel):
    """A table of the settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be a number of seconds")
    return value


def _own_file(text: str) -> str:
    if not _OWN_FILE.fullmatch(text) or ".." in text:
        raise ValueError("should be {tag}_ and a name of letters, digits and . _ - that ends in a letter or digit")
    return text


def _argument(text: str) -> str:
    unknown = [word for word in re.findall(r"\{(\w+)\}", text) if word not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
        raise ValueError(f"{{{unknown[0]}}} is not known; known are {known}")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("should be a lower-case identifier of at most 40 characters, such as shadow_duration")
    return text


def _visible(text: str) -> str:
    if not any(safe_line(char) == char and not char.isspace() for char in text):
        raise ValueError("should have a visible character")
    return text


def _title(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise ValueError("should be printable, without white space at its ends")
    return text


def _key_path(text: str) -> str:
    if not all(text.split(".")):
        raise ValueError("should be a key, or keys joined by dots")
    return text


def _scalar(value: object) -> bool | int | float | str:
    if not isinstance(value, bool | int | float | str) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("should be true, false, a finite number or a text")
    return value


Seconds = Annotated[float, BeforeValidator(_no_switch), Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1 << 40, strict=True)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})]
"""The name of an own step or check."""
VisibleText = Annotated[Text, AfterValidator(_visible)]
Title = Annotated[str, Field(min_length=1, max_length=30), AfterValidator(_title)]
Argument = Annotated[Text, AfterValidator(_argument)]
"""An argument on a command line of the desk's own; each word in braces must be a placeholder."""
OwnFile = Annotated[str, AfterValidator(_own_file), Field(json_schema_extra={"pattern": f"^{_OWN_FILE.pattern}$"})]
"""The name of a file of the desk's own in the reports directory: `{tag}_NAME`."""
KeyPath = Annotated[str, AfterValidator(_key_path)]
"""A key of a JSON document, or keys joined by dots."""
Scalar = Annotated[bool | int | float | str, PlainValidator(_scalar, json_schema_input_type=bool | int | float | str)]
"""A JSON scalar except null, which TOML lacks."""
