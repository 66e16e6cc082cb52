"""Where else somebody is found: a fixed set of networks, each with the handles it gives."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from actors.kernel.message import View

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}"


def _bare(value: object) -> object:
    """A handle without the `@` that people write before it."""
    return value.strip().removeprefix("@") if isinstance(value, str) and len(value) <= 400 else value


Dotted = Annotated[str, BeforeValidator(_bare), Field(pattern=r"^[A-Za-z0-9._]{2,30}$")]
Dashed = Annotated[str, BeforeValidator(_bare), Field(pattern=r"^[A-Za-z0-9._-]{2,50}$")]
Plain = Annotated[str, BeforeValidator(_bare), Field(pattern=r"^[A-Za-z0-9_]{1,30}$")]
OfHost = Annotated[str, BeforeValidator(_bare), Field(max_length=253, pattern=rf"^{_HOST}$")]
AtHost = Annotated[str, BeforeValidator(_bare), Field(max_length=253, pattern=rf"^[A-Za-z0-9_.-]{{1,64}}@{_HOST}$")]


class Socials(View):
    """Handles, without `@`: of Bluesky a domain, of Mastodon `name@server`."""

    behance: Dashed | None = None
    bluesky: OfHost | None = None
    dribbble: Dashed | None = None
    facebook: Dotted | None = None
    flickr: Dashed | None = None
    github: Dashed | None = None
    instagram: Dotted | None = None
    linkedin: Dashed | None = None
    mastodon: AtHost | None = None
    pinterest: Plain | None = None
    threads: Dotted | None = None
    tiktok: Dotted | None = None
    vimeo: Plain | None = None
    x: Plain | None = None
    youtube: Dashed | None = None
