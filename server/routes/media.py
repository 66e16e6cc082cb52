"""Uploads: where the bytes of a photograph go, and how far they have come."""

from actors.media.messages import GetUpload, SignUpload, UploadLimits
from server.http.routing import get, post

ROUTES = (
    post("/v1/uploads/sign", SignUpload, status=201, bucket="uploads", idempotent=True),
    get("/v1/uploads/limits", UploadLimits),
    get("/v1/uploads/{upload_id}", GetUpload, live=True),
)
