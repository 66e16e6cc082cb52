"""What the process that develops a picture may answer. Hostile bytes may have taken it over: no more is believed."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, TypeAdapter

from actors.kernel.message import View
from actors.media.picture import EDGES, Picture, Rejected, Variant

LONGEST = 64 * 2**20
"""Bytes of an answer: more than three variants could take."""
_LONGEST_HEAD = 64 * 2**10

_Text = Annotated[str, Field(max_length=500)]
_Variant = tuple[str, PositiveInt, PositiveInt, Literal["image/jpeg", "image/webp"], PositiveInt]
"""Name, width, height, type, and how many of the bytes that follow are its own."""


class Took(View):
    """What a picture cost."""

    cpu_seconds: PositiveFloat
    peak_bytes: PositiveInt


class _Developed(View):
    took: Took
    width: PositiveInt
    height: PositiveInt
    placeholder: Annotated[str, Field(max_length=100)]
    artist: _Text | None
    copyright: _Text | None
    licence: _Text | None
    taken: dict[str, Any]
    variants: tuple[_Variant, ...]


class _Refused(View):
    took: Took
    rejected: Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
    detail: str


_HEAD: TypeAdapter[_Developed | _Refused] = TypeAdapter(_Developed | _Refused)


def understand(output: bytes) -> tuple[Took, Picture | Rejected]:
    """A line of JSON, then the bytes of the variants. Raises ValueError for anything else."""
    head, _, blobs = output.partition(b"\n")
    if len(head) > _LONGEST_HEAD:
        raise ValueError("the line that tells of variants is too long")
    answer = _HEAD.validate_json(head)
    if isinstance(answer, _Refused):
        return answer.took, Rejected(answer.rejected, answer.detail)
    if [name for name, *_ in answer.variants] != [*EDGES] or sum(size for *_, size in answer.variants) != len(blobs):
        raise ValueError("these are not the variants it tells of")
    variants = []
    for name, width, height, content_type, size in answer.variants:
        variants.append(Variant(name, width, height, content_type, blobs[:size]))
        blobs = blobs[size:]
    told = answer.model_dump(exclude={"took", "variants"})
    return answer.took, Picture(**told, variants=tuple(variants))
