"""Opening accounts, signing in and staying so, and what one may change about it."""

from collections.abc import Sequence

from uuid_utils.compat import uuid7

from actors.auth import authenticators, credentials, families, messages, metrics, queries, sessions, standing
from actors.auth.apps import confirm_app, offer_app
from actors.auth.ending import announce_standing, end_session, end_sessions, end_web_session
from actors.auth.events import AccountClosed, PasswordChanged, UserRegistered
from actors.auth.messages import InvalidCredentials, InvalidRefreshToken, SignedIn
from actors.auth.names import email_or_none, username_key
from actors.auth.opening import account, kept_going, open_for_tools, open_session, refresh_web, turn
from actors.auth.passwords import CHEAP, FULL, Passwords
from actors.auth.people import Account, Role
from actors.auth.proving import admit, check_code, check_new_password, check_proof, lock_caller, own_password
from actors.auth.sealing import Seal
from actors.auth.showing import revocations, sessions_page
from actors.auth.standing import EndReason
from actors.auth.tokens import digest
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Refusal, Unauthenticated
from actors.kernel.paging import Page


# Many lanes: each waits for the password it checks, and who only refreshes should seldom stand behind one.
class AuthActor(Actor, domain="auth", lanes=64, mailbox=16_384):
    """Opens accounts and sessions, keeps their tokens turning, and ends them."""

    @on(messages.Register)
    async def register(self, wanted: messages.Register) -> SignedIn:
        password_hash = await self._passwords.hash(wanted.password)
        async with self.transaction() as tx:
            user = await queries.add_user(tx, uuid7(), wanted.username, wanted.email, password_hash)
            tx.emit(UserRegistered(user_id=user["id"], username=user["username"]))
            return tx.answer(await open_session(tx, user, wanted))

    @on(messages.Login)
    async def login(self, given: messages.Login) -> SignedIn:
        found = await queries.credentials(self.read, username_key(given.login), email_or_none(given.login))
        stored = None if found is None else found["password_hash"]
        try:
            if not await self._passwords.fits(given.password, stored) or found is None:
                raise InvalidCredentials
            async with self.transaction() as tx:
                user = await queries.lock_with_password(tx, found["id"], found["password_hash"])
                admit(user)
                await check_code(tx, self._seal, user, given.totp)
                if user["closing_at"] is not None:
                    announce_standing(tx, await queries.reopen(tx, user["id"]))
                reply = tx.answer(await open_session(tx, user, given))
        except Refusal as refusal:
            metrics.sign_ins_total.labels(refusal.code).inc()
            raise
        metrics.sign_ins_total.labels("signed_in").inc()
        return reply

    @on(messages.Refresh)
    async def refresh(self, given: messages.Refresh) -> SignedIn:
        async with self.transaction() as tx:
            if given.web_id is not None:
                return tx.answer(await refresh_web(tx, given.web_id, given))
            assert given.refresh_token is not None
            session = await families.lock_by_token(tx, digest(given.refresh_token.get_secret_value()))
            if session is None:
                raise InvalidRefreshToken
            fresh = await turn(tx, session, given.refresh_token)
            if fresh is not None:
                return tx.answer(await kept_going(tx, session, given, fresh))
            await end_session(tx, session["id"], session["session_id"], EndReason.reused)
        metrics.reused_total.inc()
        # The refusal comes after the commit: raised inside, it would undo the end of the session.
        raise InvalidRefreshToken

    @on(messages.Logout)
    async def logout(self, leaving: messages.Logout) -> None:
        if leaving.caller is None and leaving.web_id is None:
            raise Unauthenticated
        async with self.transaction() as tx:
            if leaving.caller is not None:
                await end_session(tx, leaving.caller.id, leaving.caller.session_id, EndReason.loggedOut)
            if leaving.web_id is not None:
                await end_web_session(tx, leaving.web_id)
            return tx.answer(None)

    @on(messages.IssueSession, batch=512)
    async def issue_sessions(self, asked: Sequence[messages.IssueSession]) -> Sequence[SignedIn | Refusal]:
        async with self.transaction() as tx:
            return tx.answers(await open_for_tools(tx, asked))

    @on(sessions.ListSessions)
    async def list_sessions(self, asked: sessions.ListSessions) -> Page[sessions.SessionView]:
        return await sessions_page(self.read, asked.caller.id, asked, current=asked.caller.session_id)

    @on(sessions.SessionsOf)
    async def sessions_of(self, asked: sessions.SessionsOf) -> Page[sessions.SessionView]:
        return await sessions_page(self.read, asked.user_id, asked)

    @on(sessions.EndSession)
    async def end_one(self, order: sessions.EndSession) -> None:
        async with self.transaction() as tx:
            user = await lock_caller(tx, order.caller)
            if not await end_session(tx, user["id"], order.id, EndReason.revoked):
                raise sessions.SessionNotFound
            return tx.answer(None)

    @on(sessions.EndOtherSessions)
    async def end_others(self, order: sessions.EndOtherSessions) -> None:
        async with self.transaction() as tx:
            user = await lock_caller(tx, order.caller)
            await end_sessions(tx, user["id"], EndReason.revoked, but=order.caller.session_id)
            return tx.answer(None)

    @on(sessions.EndSessionsOf)
    async def end_sessions_of(self, order: sessions.EndSessionsOf) -> int:
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            return tx.answer(await end_sessions(tx, user["id"], EndReason.revoked))

    @on(credentials.CheckPassword)
    async def check_password(self, asked: credentials.CheckPassword) -> None:
        await own_password(self.read, self._passwords, asked.caller, asked.password)

    @on(credentials.ChangePassword)
    async def change_password(self, wish: credentials.ChangePassword) -> None:
        stored = await own_password(self.read, self._passwords, wish.caller, wish.current)
        check_new_password(wish.password, stored)
        password_hash = await self._passwords.hash(wish.password)
        async with self.transaction() as tx:
            user = await lock_caller(tx, wish.caller, stored["password_hash"])
            await queries.set_password(tx, user["id"], password_hash)
            tx.emit(PasswordChanged(user_id=user["id"]))
            await end_sessions(tx, user["id"], EndReason.passwordChanged, but=wish.caller.session_id)
            return tx.answer(None)

    @on(credentials.ReplacePassword)
    async def replace_password(self, order: credentials.ReplacePassword) -> None:
        check_new_password(order.password, await queries.own_credentials(self.read, order.user_id))
        password_hash = await self._passwords.hash(order.password)
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            check_proof(order, user)
            await queries.set_password(tx, user["id"], password_hash)
            tx.emit(PasswordChanged(user_id=user["id"]))
            await end_sessions(tx, user["id"], EndReason.passwordChanged)
            return tx.answer(None)

    @on(credentials.ConfirmEmail)
    async def confirm_email(self, order: credentials.ConfirmEmail) -> None:
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            await queries.confirm_email(tx, user["id"], order.email)
            return tx.answer(None)

    @on(credentials.SetUpAuthenticator)
    async def set_up_authenticator(self, wish: credentials.SetUpAuthenticator) -> credentials.AuthenticatorOffered:
        async with self.transaction() as tx:
            return tx.answer(await offer_app(tx, self._seal, await lock_caller(tx, wish.caller)))

    @on(credentials.ConfirmAuthenticator)
    async def confirm_authenticator(self, proof: credentials.ConfirmAuthenticator) -> credentials.RecoveryCodes:
        async with self.transaction() as tx:
            return tx.answer(await confirm_app(tx, self._seal, await lock_caller(tx, proof.caller), proof.code))

    @on(credentials.RemoveAuthenticator)
    async def remove_authenticator(self, wish: credentials.RemoveAuthenticator) -> None:
        stored = await own_password(self.read, self._passwords, wish.caller, wish.password)
        async with self.transaction() as tx:
            user = await lock_caller(tx, wish.caller, stored["password_hash"])
            await authenticators.remove(tx, user["id"])
            return tx.answer(None)

    @on(standing.RecentRevocations)
    async def recent_revocations(self, asked: standing.RecentRevocations) -> standing.RevocationsFound:
        return await revocations(self.read, asked.since)

    @on(standing.AccountOf)
    async def account_of(self, asked: standing.AccountOf) -> Account:
        return account(await queries.account(self.read, username_key(asked.username)))

    @on(standing.BecomeCreator)
    async def become_creator(self, wish: standing.BecomeCreator) -> Account:
        async with self.transaction() as tx:
            user = await lock_caller(tx, wish.caller)
            if not user["email_verified"]:
                raise standing.EmailUnverified
            if user["role"] == Role.user:
                announce_standing(tx, await queries.set_role(tx, user["id"], Role.creator))
            return tx.answer(account(await queries.lock(tx, user["id"])))

    @on(standing.CreateAdmin)
    async def create_admin(self, order: standing.CreateAdmin) -> Account:
        password_hash = await self._passwords.hash(order.password)
        async with self.transaction() as tx:
            user = await queries.add_user(tx, uuid7(), order.username, order.email, password_hash)
            await queries.confirm_email(tx, user["id"], order.email)
            announce_standing(tx, await queries.set_role(tx, user["id"], Role.admin))
            tx.emit(UserRegistered(user_id=user["id"], username=user["username"]))
            return tx.answer(account(await queries.lock(tx, user["id"])))

    @on(standing.SetRole)
    async def set_role(self, order: standing.SetRole) -> None:
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            announce_standing(tx, await queries.set_role(tx, user["id"], order.role))
            return tx.answer(None)

    @on(standing.Suspend)
    async def suspend(self, order: standing.Suspend) -> None:
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            announce_standing(tx, await queries.suspend(tx, user["id"], order.until, order.reason))
            await end_sessions(tx, user["id"], EndReason.suspended)
            return tx.answer(None)

    @on(standing.LiftSuspension)
    async def lift_suspension(self, order: standing.LiftSuspension) -> None:
        async with self.transaction() as tx:
            user = await queries.lock(tx, order.user_id)
            announce_standing(tx, await queries.lift_suspension(tx, user["id"]))
            return tx.answer(None)

    @on(standing.CloseAccount)
    async def close_account(self, wish: standing.CloseAccount) -> None:
        stored = await own_password(self.read, self._passwords, wish.caller, wish.password)
        async with self.transaction() as tx:
            user = await lock_caller(tx, wish.caller, stored["password_hash"])
            announce_standing(tx, await queries.close(tx, user["id"]))
            tx.emit(AccountClosed(user_id=user["id"]))
            await end_sessions(tx, user["id"], EndReason.closed)
            return tx.answer(None)

    @on(standing.EraseAccount)
    async def erase_account(self, order: standing.EraseAccount) -> None:
        async with self.transaction() as tx:
            await queries.erase(tx, order.user_id)
            return tx.answer(None)

    @property
    def _passwords(self) -> Passwords:
        return Passwords(CHEAP if self.adapters.settings.environment == "test" else FULL)

    @property
    def _seal(self) -> Seal:
        return Seal.of(self.adapters.settings, "totp")


ACTOR = AuthActor
