"""The facts accounts announces."""

from uuid import UUID

from actors.kernel.message import Event


class VerificationAsked(Event, key="user_id"):
    """Somebody asked for the mail that proves their address once more."""

    user_id: UUID


class PasswordResetAsked(Event, key="email"):
    """Somebody says that they forgot the password of the account with this address, which may not exist."""

    email: str


class EmailChangeAsked(Event, key="user_id"):
    """Somebody asked to be reached at another address."""

    user_id: UUID
    email: str


class EmailProven(Event, key="user_id"):
    """Somebody reads the mail that goes to this address."""

    user_id: UUID
    email: str


class ErasureDue(Event, key="user_id"):
    """An account was closed and its days of grace are over."""

    user_id: UUID


class AccountErased(Event, key="user_id"):
    """An account is gone but for its name; whoever owns something of this person removes it."""

    user_id: UUID
