"""People signed in by the hundred, for load testers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import orjson

from actors.auth.messages import IssueSession, SignedIn
from actors.settings import Settings
from server.commanding import working
from server.http.tokens import Tokens

LIFETIME_SECONDS = 24 * 3600
AT_ONCE = 256


async def write_tokens(settings: Settings, people: Sequence[UUID], file: Path) -> None:
    """Sign in these people, each with a session of its own, and write a JSON object a line: username, user_id,
    access_token (good for 24 hours), refresh_token. Only the file's owner may read it."""
    tokens = Tokens.of(settings)
    lines: list[bytes] = []
    async with working(settings) as system:
        for start in range(0, len(people), AT_ONCE):
            some = people[start : start + AT_ONCE]
            signed_in = await asyncio.gather(*(system.ask(IssueSession(user_id=user_id)) for user_id in some))
            lines += [_line(each, tokens) for each in signed_in]
    await asyncio.to_thread(_write, file, lines)


def _write(file: Path, lines: list[bytes]) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)  # one that was there keeps its mode
    file.write_bytes(b"".join(lines))


def _line(signed_in: SignedIn, tokens: Tokens) -> bytes:
    return orjson.dumps(
        {
            "username": signed_in.user.username,
            "user_id": str(signed_in.user.id),
            "access_token": tokens.issue(signed_in.caller, lifetime=LIFETIME_SECONDS),
            "refresh_token": signed_in.refresh_token,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
