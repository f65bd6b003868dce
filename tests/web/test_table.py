"""Finding doors."""

import pytest

from tidings.model.errors import Refused
from tidings.web.door import Page, Route, Visit
from tidings.web.errors import Turned
from tidings.web.table import Table


async def nothing(_: Visit) -> Page:
    return Page(204)


def declared(method: str, path: str) -> Route:
    return Route(
        method=method,
        path=path,
        door=nothing,
        summary="",
        group="",
        scope=None,
        auth="none",
        limit="body",
        takes=None,
        gives={},
        query=(),
    )


TABLE = Table(
    declared(*line.split(" "))
    for line in (
        "GET /things",
        "POST /things",
        "GET /things/{thing}",
        "POST /things/inbounds",
        "GET /things/{other}/parts/{part}",
        "* /callbacks/{channel}",
        "* /callbacks/{channel}/{below...}",
        "GET /things/{thing}/parts/all",
    )
)


@pytest.mark.parametrize(
    ("asked", "found", "params"),
    [
        ("GET /things", "/things", {}),
        ("HEAD /things", "/things", {}),
        ("GET /things/7", "/things/{thing}", {"thing": "7"}),
        ("GET /things/inbounds", "/things/{thing}", {"thing": "inbounds"}),
        ("POST /things/inbounds", "/things/inbounds", {}),
        ("GET /things/a%2Fb%20c", "/things/{thing}", {"thing": "a/b c"}),
        ("GET /things/7/parts/8", "/things/{other}/parts/{part}", {"other": "7", "part": "8"}),
        ("GET /things/7/parts/all", "/things/{thing}/parts/all", {"thing": "7"}),
        ("DELETE /callbacks/7", "/callbacks/{channel}", {"channel": "7"}),
        ("PUT /callbacks/7/a/b", "/callbacks/{channel}/{below...}", {"channel": "7", "below": "a/b"}),
        ("GET /callbacks/7/", "/callbacks/{channel}/{below...}", {"channel": "7", "below": ""}),
    ],
)
def test_path_leads_to_the_door_that_says_most_of_it(asked: str, found: str, params: dict[str, str]) -> None:
    method, path = asked.split(" ")
    route, values = TABLE.find(method, path)
    assert (route.path, values) == (found, params)


@pytest.mark.parametrize(
    "path",
    ["/", "/thing", "/things/", "/things/7/parts", "/things/%00", "/things/%ff", "/things/%ed%a0%80", "/things/\xe9"],
)
def test_nothing_is_there(path: str) -> None:
    with pytest.raises(Refused) as refused:
        TABLE.find("GET", path)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [("PUT /things", "GET, POST"), ("DELETE /things/inbounds", "GET, POST"), ("PUT /things/7", "GET")],
)
def test_other_methods_are_named(asked: str, allowed: str) -> None:
    with pytest.raises(Turned) as turned:
        TABLE.find(*asked.split(" "))
    assert (turned.value.status, turned.value.headers) == (405, (("allow", allowed),))


def test_no_place_has_two_doors() -> None:
    with pytest.raises(ValueError, match=r"GET /things/\{b\} is declared twice"):
        Table([declared("GET", "/things/{a}"), declared("GET", "/things/{b}")])
