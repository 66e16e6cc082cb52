"""How a picture was taken, as its EXIF says: camera, lens and exposure. Never where, when, or by which one of them."""

import contextlib
from collections.abc import Callable
from math import isfinite
from typing import Any

from PIL import ExifTags, Image

from actors.media.rights import one_line

_MAKE, _MODEL = ExifTags.Base.Make, ExifTags.Base.Model
_LONGEST_EXPOSURE = 100_000.0


def read_taken(image: Image.Image) -> dict[str, Any]:
    """`camera`, `lens` and `exposure` (see `Exposure`), those of them that can be read."""
    with contextlib.suppress(Exception):
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
        found = {
            "camera": _camera(one_line(exif.get(_MAKE)), one_line(exif.get(_MODEL))),
            "lens": one_line(details.get(ExifTags.Base.LensModel)),
            "exposure": _known(
                {
                    "aperture": _number(details.get(ExifTags.Base.FNumber), 1_000),
                    "time": _time(details.get(ExifTags.Base.ExposureTime)),
                    "iso": _number(details.get(ExifTags.Base.ISOSpeedRatings), 100_000_000, int),
                    "focal_length": _number(details.get(ExifTags.Base.FocalLength), 100_000),
                }
            ),
        }
        return _known(found)
    return {}


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _camera(make: str | None, model: str | None) -> str | None:
    """Many makers begin the model with their own name."""
    if not make or not model:
        return model or make
    return model if model.lower().startswith(make.split()[0].lower()) else f"{make} {model}"


def _number(value: Any, most: float, kind: Callable[[float], float] = lambda n: round(n, 2)) -> float | None:
    if isinstance(value, tuple):
        value = value[0]
    number = float(value) if value is not None else 0.0
    return kind(number) if isfinite(number) and 0 < number <= most else None


def _time(value: Any) -> str | None:
    seconds = float(value) if value is not None else 0.0
    if not isfinite(seconds) or not 1e-7 < seconds <= _LONGEST_EXPOSURE:
        return None
    return f"{seconds:g}" if seconds >= 0.3 else f"1/{round(1 / seconds)}"
