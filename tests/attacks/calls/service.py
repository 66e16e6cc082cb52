"""The service itself."""

from collections.abc import Mapping

from tests.attacks.calls.making import plain
from tests.attacks.world import Maker

CALLS: Mapping[str, Maker] = {
    "GET /healthz": plain(),
    "GET /readyz": plain(),
    "GET /metrics": plain(),
    "GET /docs": plain(),
    "GET /v1/limits": plain(),
    "GET /v1/instance": plain(),
    "GET /v1/openapi.json": plain(),
    "GET /v1/asyncapi.json": plain(),
    "GET /v1/realtime": plain(),
    "POST /v1/realtime/tickets": plain(),
}
