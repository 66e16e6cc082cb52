"""Who may open a socket, and who it belongs to."""

from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from actors.auth.messages import Caller
from actors.kernel.errors import Forbidden, Refusal, Unauthenticated, Unavailable
from actors.settings import Settings
from server.http.identity import Identities, Revocations, SessionEnded, Source
from server.http.tokens import TokenExpired
from server.realtime.frames import CloseCode, ErrorCode
from server.realtime.refusals import Denied
from server.realtime.tickets import Tickets

_OUR_COOKIES = ("vitrine_access=", "vitrine_session=")


class ForeignOrigin(Forbidden):
    """This page may not open a socket in your name."""

    code = "origin_refused"


class Admitted(NamedTuple):
    """Whose socket it is, and until when (Unix seconds); None lasts as long as the session."""

    caller: Caller
    expires_at: float | None


class Admission:
    """Knows people by bearer token, cookie, token in `connect`, or ticket."""

    def __init__(self, settings: Settings, tickets: Tickets, revocations: Revocations) -> None:
        self._origins = {_origin(settings.public_url), *map(_origin, settings.allowed_origins)}
        self._tickets = tickets
        self._revocations = revocations

    def of_upgrade(self, request: web.Request, identities: Identities) -> Admitted | None:
        """Who the upgrade itself names; None may still say so in `connect`.

        Raises `ForeignOrigin` where a page off the allow-list would use our cookies, `Unauthenticated` for a bearer
        token that does not stand.
        """
        cookies = request.headers.get(hdrs.COOKIE, "")
        origin = request.headers.get(hdrs.ORIGIN)
        if (
            origin is not None
            and any(name in cookies for name in _OUR_COOKIES)
            and _origin(origin) not in self._origins
        ):
            raise ForeignOrigin
        source, identity = identities.of_request(request)
        if identity is None:
            return None
        return Admitted(identity.caller, identity.expires_at if source is Source.bearer else None)

    async def of_credentials(self, token: str | None, ticket: str | None, identities: Identities) -> Admitted | None:
        """Who the token or the ticket names; None where neither is given. Raises `Denied`."""
        if token is not None:
            try:
                identity = identities.of_token(token)
            except Unauthenticated as refusal:
                code = ErrorCode.token_expired if isinstance(refusal, TokenExpired) else ErrorCode.unauthorized
                raise Denied(code, refusal.detail, close=_close_code(refusal)) from None
            return Admitted(identity.caller, identity.expires_at)
        if ticket is None:
            return None
        try:
            caller = await self._tickets.redeem(ticket)
        except Unavailable as refusal:
            raise Denied(ErrorCode.unavailable, refusal.detail, close=CloseCode.overloaded) from None
        if caller is None or self.has_ended(caller):
            raise Denied(ErrorCode.unauthorized, "this ticket is not valid", close=CloseCode.unauthorized)
        return Admitted(caller, None)

    def has_ended(self, caller: Caller) -> bool:
        """Whether the session was revoked, meanwhile perhaps."""
        return caller.session_id in self._revocations


def _close_code(refusal: Refusal) -> CloseCode:
    if isinstance(refusal, TokenExpired):
        return CloseCode.token_expired
    return CloseCode.session_revoked if isinstance(refusal, SessionEnded) else CloseCode.unauthorized


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
