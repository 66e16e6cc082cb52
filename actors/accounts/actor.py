"""Accounts at work: what is asked is a fact first, and each mail hangs on a fact."""

from datetime import UTC, datetime
from uuid import UUID

from actors.accounts import queries
from actors.accounts.events import (
    AccountErased,
    EmailChangeAsked,
    EmailProven,
    ErasureDue,
    PasswordResetAsked,
    VerificationAsked,
)
from actors.accounts.letters import LETTERS, LetterName
from actors.accounts.messages import (
    AskPasswordReset,
    ChangeEmail,
    InvalidMailToken,
    MailPromised,
    ResendVerification,
    ResetPassword,
    VerifyEmail,
)
from actors.accounts.tokens import LIFETIMES, Purpose, tokens_of
from actors.auth.credentials import CheckPassword, ConfirmEmail, ProofOutdated, ReplacePassword
from actors.auth.events import AccountClosed, PasswordChanged, UserRegistered
from actors.auth.standing import EraseAccount
from actors.auth.tokens import digest
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Conflict, NotFound
from actors.kernel.transaction import Transaction


class AccountsActor(Actor, domain="accounts", lanes=4):
    """Proves addresses, replaces passwords by mail, and ends accounts."""

    # ── what people ask ──────────────────────────────────────────────────────────────────────────────────────

    @on(AskPasswordReset)
    async def ask_password_reset(self, wish: AskPasswordReset) -> MailPromised:
        # Nobody is looked for here: the answer takes as long for whoever is asked about.
        async with self.transaction() as tx:
            tx.emit(PasswordResetAsked(email=wish.email))
            return tx.answer(_promised(Purpose.reset))

    @on(ResetPassword)
    async def reset_password(self, wish: ResetPassword) -> None:
        link = await queries.usable(self.read, digest(wish.token.get_secret_value()), Purpose.reset)
        if link is None:
            raise InvalidMailToken
        # What takes the new password outdates this link and every other one, in one commit: a refusal or a crash before
        # it leaves the link good, and of two who use it at once the second comes too late.
        try:
            await self.ask(ReplacePassword(password=wish.password, **link))
        except (ProofOutdated, NotFound):
            raise InvalidMailToken from None

    @on(VerifyEmail)
    async def verify_email(self, wish: VerifyEmail) -> None:
        async with self.transaction() as tx:
            spent = await queries.spend(tx, digest(wish.token.get_secret_value()), [Purpose.verify, Purpose.change])
            if spent is None:
                raise InvalidMailToken
            if spent["purpose"] == Purpose.change:
                # Links that went to the former address are worth nothing in the hands of who still reads it.
                await queries.void(tx, spent["user_id"])
            proven = EmailProven(user_id=spent["user_id"], email=spent["email"])
            tx.emit(proven)
        await self._confirm(proven)

    @on(ResendVerification)
    async def resend_verification(self, wish: ResendVerification) -> MailPromised:
        async with self.transaction() as tx:
            tx.emit(VerificationAsked(user_id=wish.caller.id))
            return tx.answer(_promised(Purpose.verify))

    @on(ChangeEmail)
    async def change_email(self, wish: ChangeEmail) -> MailPromised:
        # Before the look at the password: should it change meanwhile, this was asked with the former one.
        asked_at = datetime.now(UTC)
        await self.ask(CheckPassword(caller=wish.caller, password=wish.password))
        async with self.transaction() as tx:
            tx.emit(EmailChangeAsked(user_id=wish.caller.id, email=wish.email, at=asked_at))
            return tx.answer(_promised(Purpose.change))

    # ── what follows from facts ──────────────────────────────────────────────────────────────────────────────

    @on(UserRegistered)
    async def registered(self, event: UserRegistered) -> None:
        await self._ask_for_proof(event.user_id, event.at)

    @on(VerificationAsked)
    async def verification_asked(self, event: VerificationAsked) -> None:
        await self._ask_for_proof(event.user_id, event.at)

    @on(PasswordResetAsked)
    async def password_reset_asked(self, event: PasswordResetAsked) -> None:
        async with self.transaction() as tx:
            user_id = await queries.owner_of(tx, event.email)
            if user_id is not None and await queries.spend_quota(tx, Purpose.reset, event.email):
                await self._send_token(tx, LetterName.reset_password, user_id, event.email, event.at)

    @on(EmailChangeAsked)
    async def email_change_asked(self, event: EmailChangeAsked) -> None:
        async with self.transaction() as tx:
            account = await queries.account(tx, event.user_id)
            if account is None or (account["is_verified"] and account["email"] == event.email):
                return
            if await queries.owner_of(tx, event.email) is not None:
                await self._tell_owner(tx, event.email)
            elif await queries.spend_quota(tx, Purpose.verify, event.email):
                former = account["email"]
                await self._send_token(tx, LetterName.change_email, account["id"], event.email, event.at, former=former)
                if former != event.email:
                    await _tell(tx, LetterName.email_changing, account["id"])

    @on(EmailProven)
    async def email_proven(self, event: EmailProven) -> None:
        try:
            await self._confirm(event)
        except (Conflict, NotFound):
            return  # whoever followed the link was told

    @on(PasswordChanged)
    async def password_changed(self, event: PasswordChanged) -> None:
        async with self.transaction() as tx:
            await _tell(tx, LetterName.password_changed, event.user_id)

    @on(AccountClosed)
    async def account_closed(self, event: AccountClosed) -> None:
        async with self.transaction() as tx:
            await _tell(tx, LetterName.account_closing, event.user_id)

    @on(ErasureDue)
    async def erasure_due(self, event: ErasureDue) -> None:
        try:
            await self.ask(EraseAccount(user_id=event.user_id), cause=event)
        except (Conflict, NotFound):
            return  # they came back in time
        async with self.transaction() as tx:
            await queries.forget(tx, event.user_id)
            tx.emit(AccountErased(user_id=event.user_id))

    # ── how ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _confirm(self, proven: EmailProven) -> None:
        """Asked for at once, and again by the fact should this process die in between; it takes effect once."""
        await self.ask(ConfirmEmail(user_id=proven.user_id, email=proven.email), cause=proven)

    async def _ask_for_proof(self, user_id: UUID, asked_at: datetime) -> None:
        """Let somebody prove their address. Whoever proved it before is told instead, and the other one nothing."""
        async with self.transaction() as tx:
            account = await queries.account(tx, user_id)
            if account is None or account["is_verified"]:
                return
            if await queries.owner_of(tx, account["email"]) is not None:
                await self._tell_owner(tx, account["email"])
            elif await queries.spend_quota(tx, Purpose.verify, account["email"]):
                await self._send_token(tx, LetterName.verify_email, user_id, account["email"], asked_at)

    async def _tell_owner(self, tx: Transaction, email: str) -> None:
        owner = await queries.owner_of(tx, email)
        if owner is not None and await queries.spend_quota(tx, LetterName.known_address, email):
            _send(tx, LetterName.known_address, owner)

    async def _send_token(
        self,
        tx: Transaction,
        letter: LetterName,
        user_id: UUID,
        email: str,
        asked_at: datetime,
        *,
        former: str | None = None,
    ) -> None:
        purpose = LETTERS[letter].purpose
        assert purpose is not None
        token = next(tokens_of(self.adapters.settings, _send(tx, letter, user_id), purpose))
        await queries.promise(tx, digest(token), user_id, purpose, email, former_email=former, asked_at=asked_at)


async def _tell(tx: Transaction, letter: LetterName, user_id: UUID) -> None:
    """Owe somebody a notice. An address they never proved may be a stranger's, who is not to be flooded."""
    account = await queries.account(tx, user_id)
    if account is not None and (account["is_verified"] or await queries.spend_quota(tx, letter, account["email"])):
        _send(tx, letter, user_id)


def _send(tx: Transaction, letter: LetterName, user_id: UUID) -> UUID:
    """Owe a letter; returns the id of its mail."""
    return tx.enqueue("accounts.send_letter", letter=letter, user_id=str(user_id))


def _promised(purpose: Purpose) -> MailPromised:
    return MailPromised(expires_in=int(LIFETIMES[purpose].total_seconds()))


ACTOR = AccountsActor
