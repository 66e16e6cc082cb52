"""Comments under posts and replies to them."""

from actors.comments.messages import DeleteComment, EditComment, ListComments, PostComment
from server.http.routing import delete, get, patch, post

ROUTES = (
    get("/v1/posts/{post_id}/comments", ListComments, live=True, public_max_age=1),
    post("/v1/posts/{post_id}/comments", PostComment, status=201, bucket="comments", idempotent=True),
    patch("/v1/comments/{comment_id}", EditComment, bucket="comments"),
    delete("/v1/comments/{comment_id}", DeleteComment, status=204),
)
