"""Templates: their variables, written as components.

The client names a variable `1` or `first_name` where it stands in the body, `header.1` where it stands in the header,
and `button.<index>.<kind>` where it belongs to a button (index from 0, kind as in `BUTTONS`).

Components https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tidings.connectors.whatsapp_cloud.media import header_object
from tidings.model.content import Content, Location, Template

BUTTONS: dict[str, Callable[[str], dict[str, Any]]] = {
    "quick_reply": lambda value: {"type": "payload", "payload": value},
    "url": lambda value: {"type": "text", "text": value},
    "copy_code": lambda value: {"type": "coupon_code", "coupon_code": value},
    "flow": lambda value: {"type": "action", "action": {"flow_token": value}},
}
"""What a button's variable is, by the button's kind."""

BUTTON = re.compile(r"button\.([0-9])\.([a-z_]+)")
HEADER = "header."


def template_object(content: Content, template: Template, default_language: str) -> dict[str, Any]:
    """Write the type object of a template message; a picture, film, file or place beside it is its header."""
    components = [
        *_component("header", [*_shown(content), *_texts(header_variables(template))]),
        *_component("body", _texts(body_variables(template))),
        *_buttons(template),
    ]
    language = (template.locale or default_language).replace("-", "_")
    written: dict[str, Any] = {
        "name": template.name or template.project,
        "language": {"code": language, "policy": "deterministic"},
    }
    if components:
        written["components"] = components
    return written


def location_object(location: Location) -> dict[str, Any]:
    """Write a place; a name and an address only where they are known."""
    written: dict[str, Any] = {"latitude": location.latitude, "longitude": location.longitude}
    if location.name:
        written["name"] = location.name
    if location.address:
        written["address"] = location.address
    return written


def header_variables(template: Template) -> dict[str, str]:
    """The variables of the header's text, by their name there."""
    return {name.removeprefix(HEADER): value for name, value in template.variables.items() if name.startswith(HEADER)}


def body_variables(template: Template) -> dict[str, str]:
    """The variables of the body, by their name there."""
    return {
        name: value
        for name, value in template.variables.items()
        if not name.startswith(HEADER) and not BUTTON.fullmatch(name)
    }


def is_numbered(name: str) -> bool:
    """Whether a variable is known by its place rather than by a name."""
    return name.isascii() and name.isdigit() and len(name) <= 3


def _component(kind: str, parameters: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    if parameters:
        yield {"type": kind, "parameters": parameters}


def _shown(content: Content) -> Iterable[dict[str, Any]]:
    for media in content.media[:1]:
        yield header_object(media)
    if content.location:
        yield {"type": "location", "location": location_object(content.location)}


def _texts(variables: Mapping[str, str]) -> list[dict[str, Any]]:
    if all(is_numbered(name) for name in variables):
        return [{"type": "text", "text": variables[name]} for name in sorted(variables, key=int)]
    return [{"type": "text", "parameter_name": name, "text": value} for name, value in variables.items()]


def _buttons(template: Template) -> Iterable[dict[str, Any]]:
    for name, value in sorted(template.variables.items()):
        if found := BUTTON.fullmatch(name):
            index, kind = found.groups()
            yield {"type": "button", "sub_type": kind, "index": index, "parameters": [BUTTONS[kind](value)]}
