"""Who may open a socket, and who it belongs to."""

from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from actors.auth.people import Caller
from actors.kernel.errors import Forbidden, Unauthenticated, Unavailable
from actors.settings import Settings
from server.http.identity import Source
from server.http.standings import Standings
from server.http.tokens import TokenExpired, Tokens
from server.keys import IDENTITIES
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.refusals import Denied
from server.realtime.rights import ended_by
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

    def __init__(self, settings: Settings, tickets: Tickets, standings: Standings) -> None:
        self._tokens = Tokens.of(settings)
        self._origins = {_origin(settings.public_url), *map(_origin, settings.allowed_origins)} - {None}
        self._tickets = tickets
        self._standings = standings

    def of_upgrade(self, request: web.Request) -> Admitted | None:
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
        source, identity = request.app[IDENTITIES].of_request(request)
        if identity is None:
            return None
        return Admitted(identity.caller, identity.expires_at if source is Source.bearer else None)

    async def of_credentials(self, token: str | None, ticket: str | None) -> Admitted | None:
        """Who the token or the ticket names; None where neither is given. Raises `Denied`."""
        if token is not None:
            return self._of_token(token)
        if ticket is None:
            return None
        try:
            caller = await self._tickets.redeem(ticket)
        except Unavailable as refusal:
            raise Denied(ErrorCode.unavailable, refusal.detail, close=CloseCode.overloaded) from None
        if caller is None:
            raise Denied(ErrorCode.unauthorized, "this ticket is not valid", close=CloseCode.unauthorized)
        return Admitted(caller, None)

    def now(self, admitted: Admitted) -> Admitted:
        """The same, as who they are by now. Raises `Denied` when their session has ended."""
        if (close := ended_by(self._standings, admitted.caller)) is not None:
            raise Denied(ErrorCode.unauthorized, "this session was ended", close=close)
        return admitted._replace(caller=self._standings.current(admitted.caller))

    def _of_token(self, token: str) -> Admitted:
        # Verified here and not remembered: a socket shows its token once, and remembering costs a kilobyte.
        try:
            identity = self._tokens.verify(token)
        except TokenExpired as refusal:
            raise Denied(ErrorCode.token_expired, refusal.detail, close=CloseCode.token_expired) from None
        except Unauthenticated as refusal:
            raise Denied(ErrorCode.unauthorized, refusal.detail, close=CloseCode.unauthorized) from None
        return Admitted(identity.caller, identity.expires_at)


def _origin(url: str) -> str | None:
    """The origin of an address; None where it has none, as `null`, which sandboxed pages send."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else None
