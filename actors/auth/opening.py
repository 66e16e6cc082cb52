"""Opening sessions and keeping them going: what each step tells who signs in."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from actors.auth import families, metrics, queries
from actors.auth.ending import end_web_session
from actors.auth.families import Opening
from actors.auth.messages import Client, InvalidRefreshToken, IssueSession, Login, Refresh, Register, SignedIn
from actors.auth.people import Account, Caller, UnknownUser
from actors.auth.tokens import LIFETIME, digest, first_token, new_seed, successor
from actors.kernel.errors import Refusal
from actors.kernel.transaction import Transaction

log = structlog.get_logger(__name__)


async def open_session(tx: Transaction, user: asyncpg.Record, asked: Register | Login) -> SignedIn:
    """Open a session for a locked account; the one the browser came with ends."""
    if asked.web_id is not None and asked.client is Client.web:
        await end_web_session(tx, asked.web_id)
    web_id = first_token() if asked.client is Client.web else None
    opening, token = _opening(user["id"], asked.client, asked.user_agent, asked.client_address, web_id)
    await families.open_sessions(tx, [opening])
    return _signed_in(user, opening.session_id, asked.client, token, web_id)


async def open_for_tools(tx: Transaction, asked: Sequence[IssueSession]) -> list[SignedIn | Refusal]:
    """Open a session for each, with `UnknownUser` in place of one for somebody who may not sign in."""
    users = await queries.accounts(tx, [each.user_id for each in asked])
    replies: list[SignedIn | Refusal] = []
    openings = []
    for each in asked:
        if (user := users.get(each.user_id)) is None:
            replies.append(UnknownUser())
            continue
        opening, token = _opening(user["id"], Client.native)
        openings.append(opening)
        replies.append(_signed_in(user, opening.session_id, Client.native, token))
    if openings:
        await families.open_sessions(tx, openings)
    return replies


def _opening(
    user_id: UUID, client: Client, user_agent: str = "", address: str = "", web_id: str | None = None
) -> tuple[Opening, str]:
    token = first_token()
    web_id_hash = None if web_id is None else digest(web_id)
    return Opening(uuid7(), user_id, digest(token), client, user_agent, address, web_id_hash), token


async def turn(tx: Transaction, session: asyncpg.Record, token: SecretStr) -> str | None:
    """The token after this one of the locked session; None where it was spent too long ago, or is not one of its."""
    plain, session_id = token.get_secret_value(), session["session_id"]
    state = await families.token_state(tx, session_id, digest(plain))
    if state is None:
        return None
    if state["is_spent"]:
        return None if state["seed"] is None else successor(plain, state["seed"])
    seed = new_seed()
    fresh = successor(plain, seed)
    await families.rotate(tx, session_id, digest(plain), seed, digest(fresh))
    return fresh


async def refresh_web(tx: Transaction, web_id: SecretStr, asked: Refresh) -> SignedIn:
    """Turn the token Redis kept for a browser, or begin anew: what Redis holds may be lost, or of before a crash.

    It proves nothing that the browser's own id does not. Raises `InvalidRefreshToken`.
    """
    session = await families.lock_by_web_id(tx, digest(web_id.get_secret_value()))
    if session is None:
        raise InvalidRefreshToken
    fresh = None if asked.kept_token is None else await turn(tx, session, asked.kept_token)
    if fresh is None:
        fresh = first_token()
        await families.begin_anew(tx, session["session_id"], digest(fresh))
        metrics.restored_total.inc()
        log.info("web session restored", session_id=session["session_id"], was_kept=asked.kept_token is not None)
    return await kept_going(tx, session, asked, fresh)


async def kept_going(tx: Transaction, session: asyncpg.Record, asked: Refresh, fresh: str) -> SignedIn:
    """The locked session was used just now, and goes on with that token."""
    await families.prolong(tx, session["session_id"], asked.user_agent, asked.client_address)
    return _signed_in(session, session["session_id"], session["client"], fresh)


def _signed_in(user: asyncpg.Record, session_id: UUID, client: str, token: str, web_id: str | None = None) -> SignedIn:
    return SignedIn(
        user=account(user),
        caller=Caller(
            id=user["id"],
            username=user["username"],
            role=user["role"],
            plan=user["plan"],
            session_id=session_id,
        ),
        client=Client(client),
        refresh_token=token,
        refresh_expires_at=datetime.now(UTC) + LIFETIME,
        web_id=web_id,
    )


def account(row: asyncpg.Record) -> Account:
    """An account, as its owner sees it."""
    return Account(**{field: row[field] for field in Account.model_fields})
