"""Posts: published, edited, read, withdrawn, restored, liked, reposted, bookmarked; and the tags they bear.

PUT and DELETE say how it shall be, POST turns it round. What visitors get is kept for a second at most: what is
deleted, or no longer theirs to see, is gone within one.
"""

from actors.posts.edit_messages import EditPost, ListRevisions
from actors.posts.messages import (
    CreatePost,
    DeletePost,
    GetPost,
    GetPosts,
    ListBookmarks,
    ListLikes,
    ListProfilePosts,
    RestorePost,
    SetBookmark,
    SetLike,
    SetRepost,
)
from actors.posts.tag_messages import ListFollowedTags, ListTagPosts, SetTagFollow
from server.http.routing import delete, get, patch, post, put

ROUTES = (
    post("/v1/posts", CreatePost, status=201, bucket="posts", idempotent=True),
    get("/v1/posts", GetPosts, live=True, public_max_age=1),
    get("/v1/posts/{post_id}", GetPost, live=True, public_max_age=1),
    patch("/v1/posts/{post_id}", EditPost),
    get("/v1/posts/{post_id}/history", ListRevisions, live=True, public_max_age=1),
    delete("/v1/posts/{post_id}", DeletePost, status=204),
    post("/v1/posts/{post_id}/restore", RestorePost, idempotent=True),
    put("/v1/posts/{post_id}/like", SetLike, fixed={"liked": True}),
    delete("/v1/posts/{post_id}/like", SetLike, fixed={"liked": False}),
    post("/v1/posts/{post_id}/like", SetLike, fixed={"liked": None}, idempotent=True),
    get("/v1/posts/{post_id}/likes", ListLikes, live=True, public_max_age=1),
    put("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": True}),
    delete("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": False}),
    post("/v1/posts/{post_id}/repost", SetRepost, fixed={"reposted": None}, idempotent=True),
    put("/v1/posts/{post_id}/bookmark", SetBookmark, fixed={"bookmarked": True}),
    delete("/v1/posts/{post_id}/bookmark", SetBookmark, fixed={"bookmarked": False}),
    post("/v1/posts/{post_id}/bookmark", SetBookmark, fixed={"bookmarked": None}, idempotent=True),
    get("/v1/bookmarks", ListBookmarks, live=True),
    get("/v1/profiles/{username}/posts", ListProfilePosts, live=True, public_max_age=1),
    get("/v1/tags/{tag}/posts", ListTagPosts, live=True, public_max_age=1),
    put("/v1/tags/{tag}/follow", SetTagFollow, fixed={"following": True}),
    delete("/v1/tags/{tag}/follow", SetTagFollow, fixed={"following": False}),
    get("/v1/tags/followed", ListFollowedTags, live=True),
)
