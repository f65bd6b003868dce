"""The API's own description, OpenAPI 3.1, made from what the doors, dialects and connectors declare."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings import __version__
from tidings.connectors.connector import Connector, settings_schema
from tidings.dialects.dialect import Dialect
from tidings.model.errors import FieldError
from tidings.web.door import ANY, JSON, ROUTES, Argument, Other, Page, Route, Visit, route
from tidings.web.errors import PROBLEM
from tidings.web.examples import examples

GROUPS: Final = {
    "omnichannel": "Messages, statuses and webhooks in the omnichannel vocabulary.",
    "channels": "Messages, interactions and subscriptions in the channels vocabulary.",
    "operator": "Workspaces, keys, channels, the log, and what is parked.",
    "conversations": "In-app messaging: sessions, profiles, conversations and what is said in them.",
    "callbacks": "Where providers call.",
    "health": "Whether the hub lives and works.",
    "links": "Short links in messages.",
}
CHANGING: Final = frozenset({"PUT", "PATCH", "DELETE"})
REF: Final = "#/components/schemas/{name}"

_KEYS: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key as user name, or as password."},
    "accessKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`AccessKey <key>`."},
}
_PROBLEM: Final = {
    "description": "What is wrong (RFC 9457)",
    "content": {PROBLEM: {"schema": {"$ref": REF.format(name="Problem")}}},
}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body get the first answer again; another body gets a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that it must still have; else a 412.",
    "schema": {"type": "string"},
}


class ValidationFailure(Struct, frozen=True, rename="camel"):
    """One thing wrong with a request, as the omnichannel vocabulary says it."""

    param_name: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What is wrong with a request."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    validation_failures: list[ValidationFailure] = []
    """In the omnichannel routes."""
    reference: str = ""
    """Of what broke here: the log has it."""


@route(
    "GET",
    "/openapi.json",
    auth="none",
    scope=None,
    group="health",
    summary="This description",
    gives={200: "OpenAPI 3.1"},
)
async def openapi(visit: Visit) -> Page:
    """Give the description."""
    world = visit.world
    described = _document(
        world.settings.public_url, tuple(world.dialects.values()), tuple(world.connectors.values()), len(ROUTES)
    )
    return Page(200, described)


@lru_cache(maxsize=4)
def _document(url: str, dialects: Sequence[Dialect], connectors: Sequence[type[Connector[Any]]], doors: int) -> bytes:
    return msgspec.json.encode(describe(url, dialects, connectors, ROUTES[:doors]))


def describe(
    url: str, dialects: Iterable[Dialect], connectors: Iterable[type[Connector[Any]]], routes: Sequence[Route]
) -> dict[str, Any]:
    """Describe the whole API."""
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for each in routes:
        for method in ("GET", "POST") if each.method == ANY else (each.method,):
            paths.setdefault(each.path.replace("...}", "}"), {})[method.lower()] = _operation(each, method, schemas)
    for connector in connectors:
        components[f"{connector.name}-settings"] = settings_schema(connector)
    used = {each.group for each in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidings",
            "version": __version__,
            "description": "What became of your messages: a self-hosted hub for message events.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "tags": [{"name": name, "description": text} for name, text in GROUPS.items() if name in used],
        "paths": paths,
        "webhooks": {name: _webhook(each, name, body) for each in dialects for name, body in examples(each).items()},
        "components": {"schemas": components, "securitySchemes": _KEYS},
    }


def _schemas(routes: Iterable[Route]) -> tuple[Mapping[Any, Any], dict[str, Any]]:
    """Describe every type that the doors take and give: how each is referred to, and what it is."""
    declared = [each for one in routes for each in (one.takes, *one.gives.values())]
    kinds = [Problem, *(each for each in declared if each is not None and not isinstance(each, str | Other))]
    unique = list({repr(each): each for each in kinds}.values())
    described, components = msgspec.json.schema_components(unique, ref_template=REF)
    return {repr(kind): schema for kind, schema in zip(unique, described, strict=True)}, dict(components)


def _operation(one: Route, method: str, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _operation_id(one, method),
        "summary": one.summary,
        "tags": [one.group],
        "parameters": [*_parameters(one, method)],
        "responses": {str(status): _response(status, given, schemas) for status, given in one.gives.items()},
    }
    told["responses"]["default"] = _PROBLEM
    if one.scope is not None:
        told["description"] = f"Needs the scope `{one.scope.value}`."
    elif one.auth == "root":
        told["description"] = "Needs the root key."
    elif one.auth == "app":
        told["description"] = "Needs the token of a session, or a key of the workspace's own."
    told["security"] = [] if one.auth == "none" else [{name: []} for name in _KEYS]
    if one.takes is not None and method != "GET":
        told["requestBody"] = _body(one, schemas)
    return told


def _operation_id(one: Route, method: str) -> str:
    words = (segment.strip("{.}").replace("-", "_") for segment in one.path.split("/") if segment)
    return "_".join((method.lower(), *(word.replace(".", "_") for word in words)))


def _parameters(one: Route, method: str) -> Iterable[dict[str, Any]]:
    for name in one.names:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for argument in one.query:
        yield _argument(argument)
    if method == "POST" and one.auth != "none":
        yield _IDEMPOTENCY
    if method in CHANGING:
        yield _IF_MATCH


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": argument.place,
        "description": argument.summary,
        "schema": {"type": argument.kind},
    }


def _body(one: Route, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if isinstance(one.takes, str):
        kind = "*/*" if one.limit == "callback" else JSON
        return {"description": one.takes, "content": {kind: {}}}
    return {"required": True, "content": {JSON: {"schema": schemas[repr(one.takes)]}}}


def _response(status: int, given: Any, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if isinstance(given, str):
        return {"description": given}
    if isinstance(given, Other):
        return {"description": given.summary, "content": {given.content_type: {"schema": {"type": "string"}}}}
    return {"description": HTTPStatus(status).phrase, "content": {JSON: {"schema": schemas[repr(given)]}}}


def _webhook(dialect: Dialect, name: str, example: Any) -> dict[str, Any]:
    standard = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "post": {
            "operationId": f"webhook_{dialect.name}_{name}".replace(".", "_").replace("-", "_"),
            "summary": f"{name}, in the {dialect.name} vocabulary",
            "tags": [dialect.name],
            "security": [],
            "parameters": [
                {"name": each, "in": "header", "required": True, "schema": {"type": "string"}} for each in standard
            ],
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": {"type": "object"}, "example": example}},
            },
            "responses": {"2XX": {"description": "It is taken; anything else is tried again."}},
        }
    }
