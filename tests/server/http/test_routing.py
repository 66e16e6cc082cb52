"""A route table that makes no sense is refused before anything is served."""

from typing import Any

import pytest

from actors.kernel.errors import DeclarationError
from actors.kernel.message import Query, Trusted, View
from server.http.routing import Route, check, delete, get, post, put
from tests.server.http.toys import DropToy, ListToys, LookAtToy, MakeToy


class Weather(View):
    """The weather."""

    sunny: bool


class Forecast(Query[Weather]):
    """Tomorrow."""

    oracle: Trusted[str]
    day: str = "tomorrow"


async def _tell(_: Any) -> dict[str, Any]:
    return {"oracle": "Delphi"}


KNOWN = (MakeToy, LookAtToy, ListToys, DropToy, Forecast)


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([get("/v1/a/{title}", LookAtToy)], "has no field 'title'"),
        ([get("/v1/a/{name}", LookAtToy), get("/v1/a/{other}", LookAtToy)], "is there twice"),
        ([get("/v1/a/{caller}", LookAtToy)], "is trusted"),
        ([post("/v1/a", MakeToy, fixed={"caller": None})], "is trusted"),
        ([put("/v1/a", MakeToy, fixed={"colour": "red"})], "has no field 'colour'"),
        ([get("/v1/a", LookAtToy, bucket="endless")], "no bucket 'endless'"),
        ([get("/v1/a", Forecast)], "nothing fills oracle"),
        ([post("/v1/a", MakeToy, limit_by="colour")], "to limit by"),
        ([post("/v1/a", MakeToy, public_max_age=5)], "can be public"),
        ([delete("/v1/a/{toy_id}", DropToy)], "status 200 does not fit"),
        ([get("/v1/a", LookAtToy, status=204)], "status 204 does not fit"),
    ],
)
def test_nonsense_is_refused(routes: list[Route], fault: str) -> None:
    with pytest.raises(DeclarationError, match=fault):
        check(routes, {"reads", "writes"}, KNOWN)


def test_a_message_nobody_answers_is_refused() -> None:
    with pytest.raises(DeclarationError, match="no actor answers ListToys"):
        check([get("/v1/a", ListToys)], {"reads"}, ())


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(DeclarationError, match=r"title.*endless"):
        check([get("/v1/a/{title}", LookAtToy), get("/v1/b", ListToys, bucket="endless")], {"reads"}, KNOWN)


def test_what_a_route_fills_needs_no_other_source() -> None:
    check([get("/v1/a", Forecast, fill=_tell)], {"reads"}, KNOWN)
