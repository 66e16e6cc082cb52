"""How the kernel and the domains say no. A domain subclasses one of these beside the code that raises it;
only the edge knows which status code a class becomes."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class FieldError(BaseModel):
    """One thing wrong with one field of a request; `field` is a dotted path."""

    model_config = ConfigDict(frozen=True)

    field: str
    code: str
    message: str


class Refusal(Exception):
    """An expected no, with a `code` that never changes and a `detail` for people. Never logged as a fault."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str = "", *, errors: tuple[FieldError, ...] = ()) -> None:
        self.detail = detail or (type(self).__doc__ or "").partition("\n")[0]
        self.errors = errors
        super().__init__(self.detail)


class Malformed(Refusal):
    """The request could not be read."""

    code = "malformed"


class Unauthenticated(Refusal):
    """Sign in to do this."""

    code = "unauthorized"


class Forbidden(Refusal):
    """This is not allowed."""

    code = "forbidden"


class NotFound(Refusal):
    """There is nothing here, or it is not yours."""

    code = "not_found"


class Conflict(Refusal):
    """This does not fit what is there."""

    code = "conflict"


class StaleVersion(Refusal):
    """Somebody changed this meanwhile; fetch it again."""

    code = "stale_version"


class TooLarge(Refusal):
    """This is larger than allowed."""

    code = "too_large"


class UnsupportedType(Refusal):
    """This type of content is not supported."""

    code = "unsupported_type"


class Invalid(Refusal):
    """One or more fields are not valid."""

    code = "invalid"


class Exhausted(Refusal):
    """A quota or rate is used up."""

    code = "quota_exceeded"


class Unavailable(Refusal):
    """This cannot be done right now; try again. What was asked may or may not have been done."""

    code = "unavailable"


class Busy(Unavailable):
    """Too much is waiting; try again in a moment. Nothing was done."""

    code = "busy"


class Expired(Busy):
    """The deadline passed before its turn came. Nothing was done."""

    code = "expired"


class Internal(Refusal):
    """Something unexpected went wrong; it has been logged."""

    code = "internal"


class KeyReused(Invalid):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_in_progress"


class DeclarationError(TypeError):
    """A message or an actor is declared in a way that makes no sense. Raised at import time."""
