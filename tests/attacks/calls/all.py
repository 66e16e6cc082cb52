"""For every operation a request that is valid."""

from collections.abc import Mapping

from tests.attacks.calls import auth, graph, posts, service
from tests.attacks.world import Maker

CALLS: Mapping[str, Maker] = {**auth.CALLS, **graph.CALLS, **posts.CALLS, **service.CALLS}
"""By method and path as OpenAPI writes them."""
