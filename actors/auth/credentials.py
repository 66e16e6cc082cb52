"""What proves who somebody is: passwords, a verified address, one-time codes; and how each is changed."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from actors.auth.guessable import is_common
from actors.auth.names import Email
from actors.auth.people import Caller
from actors.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from actors.kernel.message import Command, Query, Trusted, View


def _new(password: SecretStr) -> SecretStr:
    text = password.get_secret_value()
    if not 10 <= len(text) <= 128:
        raise PydanticCustomError("password_length", "use 10 to 128 characters")
    if is_common(text):
        raise PydanticCustomError("password_common", "this is among the first that somebody would guess")
    return password


_FORMAT = {"type": "string", "format": "password", "writeOnly": True}

NewPassword = Annotated[SecretStr, AfterValidator(_new), WithJsonSchema({**_FORMAT, "minLength": 10, "maxLength": 128})]
GivenPassword = Annotated[SecretStr, Field(max_length=128), WithJsonSchema({**_FORMAT, "maxLength": 128})]
"""A password to be checked; what it holds is told to nobody."""

Code = Annotated[str, Field(max_length=40)]
"""Six digits of an authenticator app, or a recovery code."""


class WrongPassword(Forbidden):
    """This is not your password."""

    code = "wrong_password"


class PasswordNearName(Invalid):
    """Choose a password that is not your name or address."""

    code = "invalid"

    def __init__(self) -> None:
        wrong = FieldError(field="password", code=NEAR_NAME, message=NEAR_NAME_MEANS)
        super().__init__(errors=(wrong,))


NEAR_NAME = "password_personal"
NEAR_NAME_MEANS = "this is your name or your address with little around it"


class CheckPassword(Query[None]):
    """Whether this is the caller's password. Raises `WrongPassword`."""

    caller: Trusted[Caller]
    password: GivenPassword


class ChangePassword(Command[None], key="caller", essential=True):
    """Change my password; every other session ends. Raises `WrongPassword` and `PasswordNearName`."""

    caller: Trusted[Caller]
    current: GivenPassword
    password: NewPassword


class ProofOutdated(Conflict):
    """The password changed since, or the address is not the account's."""

    code = "proof_outdated"


class ReplacePassword(Command[None], key="user_id", essential=True):
    """Give somebody another password, who read at their verified address what was asked for at that time; every
    session ends. A change of the password outdates whatever was asked for before it: so a proof serves once.

    Raises `ProofOutdated`, `PasswordNearName` and `UnknownUser`.
    """

    user_id: UUID
    password: NewPassword
    email: Email
    asked_at: AwareDatetime


class EmailTaken(Conflict):
    """Another account has verified this address."""

    code = "email_taken"


class ConfirmEmail(Command[None], key="user_id"):
    """Take an address as somebody's, and as verified. Others who gave it without verifying it keep it so.

    Raises `EmailTaken` and `UnknownUser`.
    """

    user_id: UUID
    email: Email


class AuthenticatorOffered(View):
    """What an authenticator app takes in, as the text of a QR code or by hand; told only here."""

    otpauth_uri: str = Field(repr=False)
    secret: str = Field(repr=False)


class RecoveryCodes(View):
    """Each signs in once in place of a one-time code; told only here."""

    recovery_codes: tuple[str, ...] = Field(repr=False)


class AuthenticatorThere(Conflict):
    """One-time codes are on; remove them first."""

    code = "totp_enabled"


class NoAuthenticator(Conflict):
    """No authenticator was set up."""

    code = "totp_not_set_up"


class WrongCode(Invalid):
    """This is not the current code."""

    code = "totp_invalid"


class SetUpAuthenticator(Command[AuthenticatorOffered], key="caller"):
    """Make a secret for an authenticator app; codes are asked for once one is confirmed.

    Another one that was not confirmed is forgotten. Raises `AuthenticatorThere`.
    """

    caller: Trusted[Caller]


class ConfirmAuthenticator(Command[RecoveryCodes], key="caller"):
    """Prove that the app knows the secret: signing in takes a code from then on.

    Raises `WrongCode`, `AuthenticatorThere` and `NoAuthenticator`.
    """

    caller: Trusted[Caller]
    code: Code


class RemoveAuthenticator(Command[None], key="caller"):
    """Sign in by password alone again; the recovery codes are void. Raises `WrongPassword`."""

    caller: Trusted[Caller]
    password: GivenPassword
