"""Ending sessions and changing standings, each with the fact that tells everybody at once."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import structlog
from pydantic import SecretStr

from actors.auth import families
from actors.auth.events import SessionRevoked, StandingChanged
from actors.auth.standing import EndReason
from actors.auth.tokens import digest
from actors.kernel.transaction import Transaction

log = structlog.get_logger(__name__)


async def end_session(tx: Transaction, user_id: UUID, session_id: UUID, reason: EndReason) -> int:
    """End somebody's session; 0 where it had ended or is not theirs."""
    return _announce(tx, user_id, await families.end(tx, user_id, session_id), reason)


async def end_sessions(tx: Transaction, user_id: UUID, reason: EndReason, *, but: UUID | None = None) -> int:
    """End all sessions of somebody whose account is locked, or all but one; returns how many."""
    return _announce(tx, user_id, await families.end_all(tx, user_id, but=but), reason)


async def end_web_session(tx: Transaction, web_id: SecretStr) -> None:
    """End the session whose id a browser keeps, if it is open."""
    ended = await families.end_by_web_id(tx, digest(web_id.get_secret_value()))
    if ended is not None:
        _announce(tx, ended["user_id"], [ended["session_id"]], EndReason.loggedOut)


def announce_standing(tx: Transaction, standing: asyncpg.Record) -> None:
    """Tell that somebody's tokens may be wrong about them from this commit on."""
    tx.emit(StandingChanged(**standing))
    log.info("standing changed", **{name: str(value) for name, value in standing.items()})


def _announce(tx: Transaction, user_id: UUID, session_ids: Sequence[UUID], reason: EndReason) -> int:
    tx.emit(*(SessionRevoked(session_id=each, user_id=user_id, reason=reason) for each in session_ids))
    if session_ids:
        log.info("sessions ended", user_id=user_id, sessions=len(session_ids), reason=reason.value)
    return len(session_ids)
