"""How people stand to each other: following, blocking, muting, and who asks to follow."""

from actors.graph.messages import (
    AnswerRequest,
    Mute,
    Relationships,
    RemoveFollower,
    SetBlock,
    SetFollow,
    Unmute,
)
from actors.profiles.messages import ListBlocked, ListFollowRequests, ListMuted
from server.http.routing import delete, get, post, put

ROUTES = (
    put("/v1/profiles/{username}/follow", SetFollow, fixed={"following": True}),
    delete("/v1/profiles/{username}/follow", SetFollow, fixed={"following": False}),
    put("/v1/profiles/{username}/block", SetBlock, fixed={"blocking": True}),
    delete("/v1/profiles/{username}/block", SetBlock, fixed={"blocking": False}),
    put("/v1/profiles/{username}/mute", Mute),
    delete("/v1/profiles/{username}/mute", Unmute),
    delete("/v1/profiles/{username}/follower", RemoveFollower, status=204),
    get("/v1/follow-requests", ListFollowRequests, live=True),
    post("/v1/follow-requests/{request_id}/accept", AnswerRequest, fixed={"accepted": True}, idempotent=True),
    post("/v1/follow-requests/{request_id}/reject", AnswerRequest, fixed={"accepted": False}, idempotent=True),
    get("/v1/blocks", ListBlocked, live=True),
    get("/v1/mutes", ListMuted, live=True),
    get("/v1/relationships", Relationships, live=True),
)
