"""The settings of a channel, as they are typed."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from tidings.cli.asking import Asking
from tidings.cli.choosing import at_terminal
from tidings.cli.client import Trouble, one_of

_JSON_TYPES = frozenset({"boolean", "integer", "number", "array", "object"})


def new_settings(hub: Asking, connector: str, typed: Sequence[str], *, complete: bool = True) -> dict[str, Any]:
    """Read `name=value` settings by the connector's own schema; raises Trouble for a value that is none.

    A name without a value is asked for, and so is, to make them `complete`, what the connector needs besides.
    """
    kind = one_of(hub.ask("GET", "/connectors")["results"], connector, "connector")
    schema, secrets = kind["settings"], set(kind["secrets"])
    given: dict[str, Any] = {}
    asked: list[str] = []
    for each in typed:
        name, equals, text = each.partition("=")
        if equals:
            given[name] = _value(name, text, schema.get("properties", {}).get(name, {}))
        else:
            asked.append(name)
    if complete and at_terminal():
        asked += [name for name in schema.get("required", ()) if name not in given and name not in asked]
    for name in asked:
        if not at_terminal():
            raise Trouble(f"Nobody is here to be asked for {name}: write --set {name}=….", exit_code=2)
        about = schema.get("properties", {}).get(name, {})
        typer.echo(f"{name}: {about.get('description', '')}")
        given[name] = _value(name, typer.prompt(f"  {name}", hide_input=name in secrets), about)
    return given


def _value(name: str, text: str, schema: dict[str, Any]) -> Any:
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    if not kinds & _JSON_TYPES or "string" in kinds:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Trouble(f"{name}={text}: write a value of type {schema.get('type')}.", exit_code=2) from error
