"""People, and how they stand to each other."""

from collections.abc import Mapping

from tests.attacks.calls.making import about, asking, plain
from tests.attacks.world import Maker

CALLS: Mapping[str, Maker] = {
    "GET /v1/profiles/{username}": about("username"),
    "PATCH /v1/profiles/me": plain(display_name="Somebody", bio="Paints."),
    "POST /v1/profiles/me/creator": plain(),
    "GET /v1/profiles/{username}/posts": about("username"),
    "GET /v1/profiles/{username}/followers": about("username"),
    "GET /v1/profiles/{username}/following": about("username"),
    "PUT /v1/profiles/{username}/follow": about("username"),
    "DELETE /v1/profiles/{username}/follow": about("username"),
    "PUT /v1/profiles/{username}/block": about("username"),
    "DELETE /v1/profiles/{username}/block": about("username"),
    "PUT /v1/profiles/{username}/mute": about("username"),
    "DELETE /v1/profiles/{username}/mute": about("username"),
    "DELETE /v1/profiles/{username}/follower": about("username"),
    "GET /v1/relationships": asking("ids", "person"),
    "GET /v1/follow-requests": plain(),
    "POST /v1/follow-requests/{request_id}/accept": about("request_id", "follow_request"),
    "POST /v1/follow-requests/{request_id}/reject": about("request_id", "follow_request"),
    "GET /v1/suggestions": plain(),
    "GET /v1/blocks": plain(),
    "GET /v1/mutes": plain(),
}
