"""What auth may be asked, and what it answers."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from actors.auth.names import Email, HeaderText, LoginName, Username, username_key
from actors.auth.people import Account, Caller
from actors.kernel.errors import Conflict, Unauthenticated
from actors.kernel.message import Command, Trusted, View


def _fits(password: SecretStr) -> SecretStr:
    if not 10 <= len(password.get_secret_value()) <= 128:
        raise PydanticCustomError("password_length", "use 10 to 128 characters")
    return password


NewPassword = Annotated[
    SecretStr,
    AfterValidator(_fits),
    WithJsonSchema({"type": "string", "format": "password", "minLength": 10, "maxLength": 128, "writeOnly": True}),
]


class Client(StrEnum):
    """How somebody signed in keeps the tokens: an app in its own store, a browser in cookies."""

    native = "native"
    web = "web"


class SignedIn(View):
    """Somebody is signed in. `refresh_token` is told only here; unused, it ends at `refresh_expires_at`."""

    user: Account
    caller: Caller
    client: Client
    refresh_token: str = Field(repr=False)
    refresh_expires_at: datetime


class UsernameTaken(Conflict):
    """This username is taken."""

    code = "username_taken"


class InvalidCredentials(Unauthenticated):
    """The name or the password is wrong."""

    code = "invalid_credentials"


class InvalidRefreshToken(Unauthenticated):
    """This session has ended; sign in again."""

    code = "invalid_refresh_token"


class Register(Command[SignedIn], key="username"):
    """Open an account and sign in.

    A username is one person's; raises `UsernameTaken`. A known e-mail is taken like a new one: whose it is
    shows when it is verified.
    """

    username: Username
    email: Email
    password: NewPassword
    client: Client = Client.native
    client_address: Trusted[HeaderText] = ""
    user_agent: Trusted[HeaderText] = ""

    @property
    def key(self) -> str:
        return username_key(self.username)


class Login(Command[SignedIn], key="login"):
    """Sign in with a username or an e-mail address. Raises `InvalidCredentials`, alike for every reason."""

    login: LoginName
    password: SecretStr = Field(max_length=128)
    client: Client = Client.native
    client_address: Trusted[HeaderText] = ""
    user_agent: Trusted[HeaderText] = ""


class Refresh(Command[SignedIn], key="refresh_token"):
    """Exchange a refresh token for the next one and a new access token.

    A token serves once; asked again within ten seconds it gives the same successor, so that tabs which race
    all stay signed in. Later it means that two parties hold it, and the session ends.
    Raises `InvalidRefreshToken`.
    """

    refresh_token: SecretStr = Field(max_length=200)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.refresh_token.get_secret_value().encode()).hexdigest()


class Logout(Command[None], key="caller", essential=True):
    """Sign out: the session ends, here and wherever else its tokens are."""

    caller: Trusted[Caller]


class IssueSession(Command[SignedIn], key="user_id"):
    """Sign somebody in without a password, for tools on our own machine. Raises `UnknownUser`."""

    user_id: UUID
    client: Client = Client.native
