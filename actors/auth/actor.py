"""Opening accounts, signing in and staying so."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from actors.auth import queries
from actors.auth.events import SessionRevoked, UserRegistered
from actors.auth.messages import (
    Client,
    InvalidCredentials,
    InvalidRefreshToken,
    IssueSession,
    Login,
    Logout,
    Refresh,
    Register,
    SignedIn,
    UsernameTaken,
)
from actors.auth.names import normal_email, username_key
from actors.auth.passwords import CHEAP, FULL, Passwords
from actors.auth.people import Account, Caller, UnknownUser
from actors.auth.queries import Opening
from actors.auth.tokens import LIFETIME, digest, first_token, new_seed, successor
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Refusal
from actors.kernel.transaction import Transaction


class AuthActor(Actor, domain="auth", lanes=8):
    """Opens accounts and sessions, and keeps their tokens turning."""

    @on(Register)
    async def register(self, wanted: Register) -> SignedIn:
        password_hash = await self._passwords.hash(wanted.password)
        async with self.transaction() as tx:
            user = await queries.add_user(
                tx, uuid7(), wanted.username, username_key(wanted.username), wanted.email, password_hash
            )
            if user is None:
                raise UsernameTaken
            tx.emit(UserRegistered(user_id=user["id"], username=user["username"]))
            return tx.answer(await _open_session(tx, user, wanted))

    @on(Login)
    async def login(self, given: Login) -> SignedIn:
        known = await queries.credentials(self.read, username_key(given.login), _email_or_none(given.login))
        stored = None if known is None else known["password_hash"]
        if not await self._passwords.fits(given.password, stored) or known is None:
            raise InvalidCredentials
        async with self.transaction() as tx:
            user = await queries.account_with_password(tx, known["id"], known["password_hash"])
            if user is None:
                raise InvalidCredentials
            return tx.answer(await _open_session(tx, user, given))

    @on(Refresh)
    async def refresh(self, given: Refresh) -> SignedIn:
        token = given.refresh_token.get_secret_value()
        async with self.transaction() as tx:
            session = await queries.lock_session(tx, digest(token))
            if session is None:
                raise InvalidRefreshToken
            state = await queries.token_state(tx, digest(token))
            if not state["is_spent"]:
                seed = new_seed()
                fresh = successor(token, seed)
                await queries.rotate(tx, session["session_id"], digest(token), seed, digest(fresh))
                await queries.prolong(tx, session["session_id"])
                return tx.answer(_signed_in(session, session["session_id"], session["client"], fresh))
            if state["seed"] is not None:
                fresh = successor(token, state["seed"])
                return tx.answer(_signed_in(session, session["session_id"], session["client"], fresh))
            await _end_session(tx, session["session_id"], session["id"])
        # The refusal comes after the commit: raised inside, it would undo the end of the session.
        raise InvalidRefreshToken

    @on(Logout)
    async def logout(self, leaving: Logout) -> None:
        async with self.transaction() as tx:
            await _end_session(tx, leaving.caller.session_id, leaving.caller.id)
            return tx.answer(None)

    @on(IssueSession, batch=512)
    async def issue_sessions(self, asked: Sequence[IssueSession]) -> Sequence[SignedIn | Refusal]:
        async with self.transaction() as tx:
            users = await queries.accounts(tx, [each.user_id for each in asked])
            replies: list[SignedIn | Refusal] = []
            openings = []
            for each in asked:
                if (user := users.get(each.user_id)) is None:
                    replies.append(UnknownUser())
                    continue
                opening, token = _opening(user["id"], each.client)
                openings.append(opening)
                replies.append(_signed_in(user, opening.session_id, each.client, token))
            if openings:
                await queries.open_sessions(tx, openings)
            return tx.answers(replies)

    @property
    def _passwords(self) -> Passwords:
        return Passwords(CHEAP if self.adapters.settings.environment == "test" else FULL)


async def _open_session(tx: Transaction, user: asyncpg.Record, asked: Register | Login) -> SignedIn:
    opening, token = _opening(user["id"], asked.client, asked.user_agent, asked.client_address)
    await queries.open_sessions(tx, [opening])
    return _signed_in(user, opening.session_id, asked.client, token)


async def _end_session(tx: Transaction, session_id: UUID, user_id: UUID) -> None:
    if await queries.revoke(tx, session_id, user_id):
        tx.emit(SessionRevoked(session_id=session_id, user_id=user_id))


def _opening(user_id: UUID, client: Client, user_agent: str = "", address: str = "") -> tuple[Opening, str]:
    token = first_token()
    return Opening(uuid7(), user_id, digest(token), client, user_agent, address), token


def _signed_in(user: asyncpg.Record, session_id: UUID, client: str, token: str) -> SignedIn:
    return SignedIn(
        user=Account(**{field: user[field] for field in Account.model_fields}),
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
    )


def _email_or_none(login: str) -> str | None:
    try:
        return normal_email(login)
    except PydanticCustomError:
        return None


ACTOR = AuthActor
