"""Why sockets close and requests fail, as numbers and words that never change their meaning."""

from enum import IntEnum, StrEnum


class CloseCode(IntEnum):
    """Why this side closes. 4000–4499: connect again; 4500–4999: not before something has changed."""

    ok = 1000
    not_websocket = 1002
    not_text = 1003
    invalid_text = 1007
    too_big = 1009
    internal = 1011
    draining = 4000
    token_expired = 4001
    no_pong = 4002
    slow_consumer = 4003
    rate_limited = 4005
    state_changed = 4006
    overloaded = 4007
    unauthorized = 4500
    session_revoked = 4501
    account_suspended = 4502
    protocol_error = 4503
    unsupported_version = 4504
    connection_limit = 4505
    too_many_errors = 4507
    connect_timeout = 4508


class ErrorCode(StrEnum):
    """Why a request is answered by `err`. The codes never change their meaning."""

    unauthorized = "unauthorized"
    token_expired = "token_expired"  # noqa: S105  # a code, not a secret
    topic_unknown = "topic_unknown"
    topic_forbidden = "topic_forbidden"
    already_subscribed = "already_subscribed"
    not_subscribed = "not_subscribed"
    limit_exceeded = "limit_exceeded"
    bad_request = "bad_request"
    op_unknown = "op_unknown"
    plan_required = "plan_required"
    rate_limited = "rate_limited"
    unavailable = "unavailable"
    internal = "internal"
