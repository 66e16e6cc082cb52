"""Signing up, in and out: what auth may be asked, and what it answers.

What lets people in, keeps them in or ends that is `essential`: it must not wait for Redis, whatever lags behind.
"""

import hashlib
from datetime import MAXYEAR, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from actors.auth.credentials import NEAR_NAME, NEAR_NAME_MEANS, Code, GivenPassword, NewPassword
from actors.auth.guessable import is_near
from actors.auth.names import Email, HeaderText, LoginName, Username, username_key
from actors.auth.people import Account, Caller
from actors.kernel.errors import Conflict, Forbidden, Unauthenticated
from actors.kernel.message import Command, Trusted, View


class Client(StrEnum):
    """How somebody signed in keeps the tokens: an app in its own store, a browser in cookies."""

    native = "native"
    web = "web"


class SignedIn(View):
    """Somebody is signed in. `refresh_token` is told only here; unused, it ends at `refresh_expires_at`.

    A browser that has just signed in keeps `web_id`, told only here, in place of tokens.
    """

    user: Account
    caller: Caller
    client: Client
    refresh_token: str = Field(repr=False)
    refresh_expires_at: datetime
    web_id: str | None = Field(None, repr=False)


class UsernameTaken(Conflict):
    """This username is taken."""

    code = "username_taken"


class InvalidCredentials(Unauthenticated):
    """The name or the password is wrong."""

    code = "invalid_credentials"


class TotpRequired(Unauthenticated):
    """Give the code of your authenticator app, too."""

    code = "totp_required"


class AccountSuspended(Forbidden):
    """This account is suspended."""

    code = "account_suspended"

    def __init__(self, until: datetime, reason: str) -> None:
        end = "somebody lifts it" if until.year == MAXYEAR else until.isoformat(timespec="seconds")
        super().__init__(f"this account is suspended until {end}" + (f": {reason}" if reason else ""))


class InvalidRefreshToken(Unauthenticated):
    """This session has ended; sign in again."""

    code = "invalid_refresh_token"


class Register(Command[SignedIn], key="username", essential=True):
    """Open an account and sign in.

    A username is one person's; raises `UsernameTaken`. A known e-mail is taken like a new one: whose it is
    shows when it is verified. `web_id` is of the session a browser came with, which ends.
    """

    username: Username
    email: Email
    password: NewPassword
    client: Client = Client.native
    client_address: Trusted[HeaderText] = ""
    user_agent: Trusted[HeaderText] = ""
    web_id: Trusted[SecretStr | None] = None

    @field_validator("password")
    @classmethod
    def _is_no_name(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        names = (info.data[field] for field in ("username", "email") if field in info.data)
        if is_near(password.get_secret_value(), names):
            raise PydanticCustomError(NEAR_NAME, NEAR_NAME_MEANS)
        return password

    @property
    def key(self) -> str:
        return username_key(self.username)


class Login(Command[SignedIn], key="login", essential=True):
    """Sign in with a username or a verified e-mail address, and a one-time code where the account asks for one.

    Raises `InvalidCredentials`, alike for every reason; to who knows the password `AccountSuspended` and
    `TotpRequired`. An account that is being closed comes back. `web_id` is as in `Register`.
    """

    login: LoginName
    password: GivenPassword
    client: Client = Client.native
    totp: Code | None = None
    client_address: Trusted[HeaderText] = ""
    user_agent: Trusted[HeaderText] = ""
    web_id: Trusted[SecretStr | None] = None


class Refresh(Command[SignedIn], key="refresh_token", essential=True):
    """Exchange a refresh token for the next one and a new access token.

    A token serves once; asked again within ten seconds it gives the same successor, so that tabs which race
    all stay signed in. Later it means that two parties hold it, and the session ends.

    A browser has no token: its `web_id` names the session, and `kept_token` is what Redis keeps for it. One that Redis
    lost or that is older than it should be is replaced. Raises `InvalidRefreshToken`.
    """

    web_id: Trusted[SecretStr | None] = None
    kept_token: Trusted[SecretStr | None] = None
    refresh_token: SecretStr | None = Field(None, max_length=200, validate_default=True)
    client_address: Trusted[HeaderText] = ""
    user_agent: Trusted[HeaderText] = ""

    @field_validator("refresh_token")
    @classmethod
    def _is_there(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is None and info.data.get("web_id") is None:
            raise PydanticCustomError("missing", "a client without a web session gives its refresh token")
        return token

    @property
    def key(self) -> str:
        secret = self.refresh_token if self.web_id is None else self.web_id
        assert secret is not None
        return hashlib.sha256(secret.get_secret_value().encode()).hexdigest()


class Logout(Command[None], essential=True):
    """Sign out: the session ends, here and wherever else its tokens are.

    Of a caller, or of a browser whose access token has expired, by its `web_id`; of neither raises `Unauthenticated`.
    """

    caller: Trusted[Caller | None] = None
    web_id: Trusted[SecretStr | None] = None

    @property
    def key(self) -> str:
        return "" if self.caller is None else str(self.caller)


class IssueSession(Command[SignedIn], key="user_id"):
    """Sign somebody in without a password, for tools on our own machine. Raises `UnknownUser`."""

    user_id: UUID
