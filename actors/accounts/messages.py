"""What accounts may be asked, and what it answers."""

import hashlib

from pydantic import Field, SecretStr

from actors.auth.credentials import GivenPassword, NewPassword
from actors.auth.names import Email
from actors.auth.people import Caller
from actors.kernel.errors import Conflict
from actors.kernel.message import Command, Trusted, View


class InvalidMailToken(Conflict):
    """This link was used before, is too old, or was never sent; ask for another."""

    code = "invalid_mail_token"


class MailPromised(View):
    """If there is somebody to write to, a mail is on its way; what it links to is good for so many seconds."""

    expires_in: int


class AskPasswordReset(Command[MailPromised], key="email"):
    """Send a link to choose a new password, if somebody verified this address. The answer is the same if nobody did."""

    email: Email


class _WithToken(Command[None]):
    token: SecretStr = Field(max_length=200)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.token.get_secret_value().encode()).hexdigest()


class ResetPassword(_WithToken, Command[None], key="token", essential=True):
    """Choose a new password by the link of a mail; every session ends.

    Raises `InvalidMailToken`, and `PasswordNearName`, which leaves the link good.
    """

    password: NewPassword


class VerifyEmail(_WithToken, Command[None], key="token"):
    """Prove an address by the link of a mail: the account's, or the one it changes to.

    Raises `InvalidMailToken`, and `EmailTaken` when somebody else proved that address meanwhile.
    """


class ResendVerification(Command[MailPromised], key="caller"):
    """Send the link that proves the caller's address once more; the one before is worth nothing then."""

    caller: Trusted[Caller]


class ChangeEmail(Command[MailPromised], key="caller"):
    """Be reached at another address: it is so when a link sent there is followed.

    Raises `WrongPassword`.
    """

    caller: Trusted[Caller]
    email: Email
    password: GivenPassword
