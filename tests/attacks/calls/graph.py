"""People, and how they stand to each other."""

from collections.abc import Mapping

from tests.attacks.calls.making import about, asking, plain
from tests.attacks.world import Maker

CALLS: Mapping[str, Maker] = {
    "GET /v1/profiles/{username}": about("username"),
    "PATCH /v1/profiles/me": plain(display_name="Somebody", bio="Paints."),
    "GET /v1/profiles/{username}/posts": about("username"),
    "GET /v1/profiles/{username}/followers": about("username"),
    "GET /v1/profiles/{username}/following": about("username"),
    "PUT /v1/profiles/{username}/follow": about("username"),
    "DELETE /v1/profiles/{username}/follow": about("username"),
    "GET /v1/relationships": asking("ids", "person"),
}
