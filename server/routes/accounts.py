"""What is settled by mail, and the end of an account."""

from datetime import UTC, datetime

from aiohttp import web

from actors.accounts.messages import (
    AskPasswordReset,
    ChangeEmail,
    ResendVerification,
    ResetPassword,
    VerifyEmail,
)
from actors.auth.standing import CLOSING_GRACE, CloseAccount
from actors.kernel.message import View
from server.http.routing import post, put
from server.http.sessions import SESSION_COOKIE
from server.keys import SESSIONS


class AccountClosing(View):
    """The account is closed, and erased at this time or soon after; signing in before then calls that off."""

    erased_at: datetime


async def _closed(request: web.Request, _: None) -> web.Response:
    closing = AccountClosing(erased_at=datetime.now(UTC) + CLOSING_GRACE)
    response = web.Response(text=closing.model_dump_json(), status=202, content_type="application/json")
    if SESSION_COOKIE in request.cookies:
        await request.app[SESSIONS].sign_out_web(request, response)
    return response


ROUTES = (
    post("/v1/auth/password/forgot", AskPasswordReset, status=202, bucket="auth", limit_by="email"),
    post("/v1/auth/password/reset", ResetPassword, status=204, bucket="auth"),
    post("/v1/auth/email/verify", VerifyEmail, status=204, bucket="auth"),
    post("/v1/auth/email/resend", ResendVerification, status=202, bucket="auth"),
    put("/v1/auth/email", ChangeEmail, status=202, bucket="auth", limit_by="caller"),
    post(
        "/v1/auth/me/delete",
        CloseAccount,
        status=202,
        bucket="auth",
        limit_by="caller",
        respond=_closed,
        renders=AccountClosing,
    ),
)
