"""Why a request on a socket fails, and how that is said."""

from actors.kernel.errors import Forbidden, Internal, Refusal, Unavailable
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.frames import Error

_STATUS = {
    ErrorCode.unauthorized: 401,
    ErrorCode.token_expired: 401,
    ErrorCode.topic_unknown: 404,
    ErrorCode.topic_forbidden: 403,
    ErrorCode.already_subscribed: 409,
    ErrorCode.not_subscribed: 409,
    ErrorCode.limit_exceeded: 409,
    ErrorCode.bad_request: 400,
    ErrorCode.op_unknown: 400,
    ErrorCode.plan_required: 403,
    ErrorCode.rate_limited: 429,
    ErrorCode.unavailable: 503,
    ErrorCode.internal: 500,
}
_TEMPORARY = frozenset({ErrorCode.rate_limited, ErrorCode.unavailable, ErrorCode.internal})
_RETRY_MS = 1_000


class Denied(Exception):
    """The request is answered by this error, and with `close` the socket ends."""

    def __init__(self, code: ErrorCode, detail: str, *, close: CloseCode | None = None) -> None:
        super().__init__(code, detail)
        self.close = close
        temporary = code in _TEMPORARY
        self.error = Error(
            code=code,
            status=_STATUS[code],
            temporary=temporary,
            detail=detail,
            retry_after_ms=_RETRY_MS if temporary else None,
        )


def denied_by(refusal: Refusal) -> Denied:
    """How a domain's no to a topic is said here."""
    if isinstance(refusal, Unavailable):
        return Denied(ErrorCode.unavailable, refusal.detail)
    if isinstance(refusal, Internal):
        return Denied(ErrorCode.internal, refusal.detail)
    if isinstance(refusal, Forbidden):
        return Denied(ErrorCode.topic_forbidden, refusal.detail)
    return Denied(ErrorCode.topic_unknown, refusal.detail)
