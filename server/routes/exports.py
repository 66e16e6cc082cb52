"""Taking one's data away."""

from actors.exports.messages import AskExport, GetExport
from server.http.routing import get, post

ROUTES = (
    post("/v1/auth/me/export", AskExport, status=202, bucket="auth"),
    get("/v1/auth/me/export", GetExport, live=True),
)
