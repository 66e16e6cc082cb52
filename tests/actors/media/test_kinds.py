"""Pictures of every kind, through the confined process: each is shown, or turned away with a reason that stays."""

import resource
from collections.abc import Sequence

import pytest
from prometheus_client import Histogram

from actors.media import darkroom
from actors.media.confinement import ADDRESS_SPACE
from actors.media.picture import Rejected
from tests.actors.media.kinds import LARGE, READY, SMALL, Kind
from tests.actors.media.uploading import develop

ONE_OF_EACH = (
    "JPEG of a camera, turned (6)",
    "JPEG, CMYK with profile",
    "JPEG of two pictures (MPO)",
    "JPEG with broken EXIF",
    "PNG, animated",
    "WebP, lossless with alpha",
    "AVIF",
    "GIF, transparent",
)
"""Each of them makes Pillow reach for something that the others do not."""


async def outcomes(kinds: Sequence[Kind]) -> dict[str, str]:
    """What becomes of each; with `pytest -s` as a table, with what it cost."""
    found = {}
    for kind in kinds:
        data = kind.make()
        before = _cpu(), _total(darkroom.peak_bytes)
        try:
            picture = await develop(data, kind.content_type)
        except Rejected as no:
            found[kind.name] = no.reason
        else:
            found[kind.name] = READY
            assert all(max(v.width, v.height) <= 2_048 and v.data for v in picture.variants)
        seconds, peak = _cpu() - before[0], _total(darkroom.peak_bytes) - before[1]
        assert peak <= ADDRESS_SPACE
        print(
            f"{kind.name:44} {len(data) / 1e6:6.2f} MB  {found[kind.name]:16} {seconds:5.2f} s  {peak / 2**20:4.0f} MiB"
        )
    return found


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _total(histogram: Histogram) -> float:
    (metric,) = histogram.collect()
    return next(float(sample.value) for sample in metric.samples if sample.name.endswith("_sum"))


def expected(kinds: Sequence[Kind]) -> dict[str, str]:
    return {kind.name: kind.outcome for kind in kinds}


async def test_each_format_passes_through_a_process_without_files_or_network() -> None:
    kinds = [kind for kind in SMALL if kind.name in ONE_OF_EACH]
    assert len(kinds) == len(ONE_OF_EACH)
    assert await outcomes(kinds) == expected(kinds)


async def test_a_hundred_megapixels_are_shown_in_two_hundred_megabytes() -> None:
    kinds = [kind for kind in LARGE if kind.name == "JPEG, 100 megapixels"]
    assert await outcomes(kinds) == expected(kinds)


@pytest.mark.slow
async def test_pictures_of_every_kind_are_shown_or_turned_away_with_a_reason() -> None:
    assert await outcomes(SMALL + LARGE) == expected(SMALL + LARGE)
