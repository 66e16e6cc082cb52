"""Posts: published, read, withdrawn, liked and reposted. PUT and DELETE say how it shall be, POST turns it round."""

from actors.posts.messages import (
    CreatePost,
    DeletePost,
    GetPost,
    GetPosts,
    ListProfilePosts,
    SetLike,
    SetRepost,
)
from server.http.routing import delete, get, post, put

ROUTES = (
    post("/v1/posts", CreatePost, status=201, bucket="posts", idempotent=True),
    get("/v1/posts", GetPosts, live=True, public_max_age=5),
    get("/v1/posts/{post_id}", GetPost, live=True, public_max_age=5),
    delete("/v1/posts/{post_id}", DeletePost, status=204),
    put("/v1/posts/{post_id}/like", SetLike, fixed={"liked": True}),
    delete("/v1/posts/{post_id}/like", SetLike, fixed={"liked": False}),
    post("/v1/posts/{post_id}/like", SetLike, fixed={"liked": None}, idempotent=True),
    put("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": True}),
    delete("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": False}),
    post("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": None}, idempotent=True),
    get("/v1/profiles/{username}/posts", ListProfilePosts, live=True, public_max_age=5),
)
