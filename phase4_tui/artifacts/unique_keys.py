"""Proves cheaply that no key is given twice in a batch, which the fast decoder itself does not notice."""

from typing import TypeVar, get_origin

import msgspec

from phase4_tui.artifacts.json_stream import Batch

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


def complete(kind: type[S]) -> type[S]:
    """Return `kind` with every field required, including those of nested structs."""
    fields = []
    for field in msgspec.structs.fields(kind):
        nested = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        fields.append((field.name, complete(field.type) if nested else field.type))
    return msgspec.defstruct(kind.__name__, fields, bases=(kind,), frozen=True, forbid_unknown_fields=True, gc=False)  # type: ignore[return-value]  # defstruct does not tell its bases


def has_fixed_shape(kind: type[msgspec.Struct]) -> bool:
    """True when all items of a complete kind have the same keys: none of its fields is a mapping."""
    for field in msgspec.structs.fields(kind):
        if get_origin(field.type) is dict:
            return False
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct) and not has_fixed_shape(field.type):
            return False
    return True


def prove_unique_keys_of_any_shape(data: bytes, items: list[T]) -> list[T]:
    """Do as `prove_unique_keys` for items that differ in their keys: re-encode all of them to count quotes."""
    if b"\\" in data or data.count(b'"') != msgspec.json.encode(items).count(b'"'):
        raise ValueError("a key may stand twice")
    return items


def prove_unique_keys(data: bytes, items: list[T]) -> list[T]:
    """Return `items`, decoded from `data` as a complete kind, or raise ValueError when a key may be given twice.

    All items have the same keys and string fields, so each has as many quotes as the first when re-encoded, and a
    duplicate key adds two. A backslash could hide a quote.
    """
    if items:
        expected = msgspec.json.encode(items[0]).count(b'"') * len(items)
        if b"\\" in data or data.count(b'"') != expected:
            raise ValueError("a key may stand twice")
    return items


def decode_complete(kind: type[msgspec.Struct]) -> Batch[object]:
    """Return a batch decoder for arrays of `kind` in which every key is given exactly once."""
    decode = msgspec.json.Decoder(list[complete(kind)]).decode  # type: ignore[misc]  # a type built at run time
    prove = prove_unique_keys if has_fixed_shape(kind) else prove_unique_keys_of_any_shape
    return lambda data: prove(data, decode(data))
