"""One suite over every connector: it is what its samples say, and nothing a provider may post surprises it."""

import logging
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tidings.connectors
from tidings.connectors import proving
from tidings.connectors.connector import Connector, secret_settings, settings_schema
from tidings.connectors.proving import Folder, Sample, spoiling
from tidings.connectors.registry import connectors
from tidings.model.exchange import Callback

SAMPLES = Path(tidings.connectors.__file__).parent / "samples"
OURS = [kind for kind in connectors().values() if kind.__module__.startswith("tidings.connectors.")]
FOLDERS = [Folder(kind, SAMPLES / kind.name) for kind in OURS if (SAMPLES / kind.name).is_dir()]
EVERY_SAMPLE = [sample for folder in FOLDERS for sample in folder.samples()]
CALLBACKS = [sample for sample in EVERY_SAMPLE if sample.kind == "callback"]

every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.connector.name)
every_callback = pytest.mark.parametrize("sample", CALLBACKS, ids=str)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("sample", EVERY_SAMPLE, ids=str)
def test_sample_means_what_it_says(sample: Sample) -> None:
    proving.prove_sample(sample)


@every_callback
def test_callback_with_a_changed_byte_is_refused(sample: Sample) -> None:
    proving.prove_signature(sample)


@every_callback
def test_spoiled_callback_raises_nothing_undeclared(sample: Sample) -> None:
    proving.prove_sturdiness(sample)


@every_folder
def test_strange_reply_raises_nothing_undeclared(folder: Folder) -> None:
    proving.prove_replies(folder)


@every_folder
def test_strange_body_raises_nothing_undeclared(folder: Folder) -> None:
    proving.prove_strange_bodies(folder)


@every_callback
def test_bad_item_loses_nothing_of_a_batch(sample: Sample) -> None:
    proving.prove_batches(sample)


@every_folder
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_any_body_raises_nothing_undeclared(folder: Folder, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from([sample for sample in CALLBACKS if sample.folder is folder]))
    connector, callback = sample.received()
    body = data.draw(st.binary(max_size=200) | JSON.map(msgspec.json.encode) | _mutated(callback))
    proving.prove_hostile(connector, spoiling.with_body(callback, body))


@every_folder
def test_every_capability_has_a_sample(folder: Folder) -> None:
    proving.prove_capabilities(folder)


@every_folder
def test_no_secret_shows(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        proving.prove_secrecy(folder)
    assert caplog.records == [], "a connector is pure: it does not log"


@every_folder
def test_settings_schema_describes_every_setting(folder: Folder) -> None:
    schema = settings_schema(folder.connector)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(folder.channel.settings, schema)
    properties: dict[str, Any] = schema["properties"]
    marked = {name for name, described in properties.items() if "writeOnly" in str(described)}
    assert marked == secret_settings(folder.connector)
    assert [name for name, described in properties.items() if not described.get("description")] == []


@pytest.mark.parametrize("connector", OURS, ids=lambda connector: connector.name)
def test_connector_says_who_it_is(connector: type[Connector[Any]]) -> None:
    assert (SAMPLES / connector.name / "settings.json").is_file()
    assert connector.label
    assert connector.documentation
    assert connector.platforms
    assert (connector.__doc__ or "").strip()


def _mutated(callback: Callback) -> st.SearchStrategy[bytes]:
    """The callback's own JSON with any value in any place; its own bytes, where it is no JSON, with some put in."""
    document = spoiling.as_json(callback.body)
    if document is None:
        place = st.integers(0, len(callback.body))
        return st.builds(lambda at, more: callback.body[:at] + more + callback.body[at:], place, st.binary(max_size=9))
    anywhere = st.sampled_from(list(spoiling.places(document)))
    return st.builds(lambda place, value: msgspec.json.encode(spoiling.put(document, place, value)), anywhere, JSON)
