"""The dashboard and the alerts ask for what a hub tells, by the labels it has."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.documents import ROOT
from support.watching import ALERTS
from tidings.web.metrics.families import FAMILIES, Family, Kind

DASHBOARD = ROOT / "deploy" / "grafana" / "tidings.json"

OF_PROCESSES = {"process_open_fds", "process_max_fds", "process_cpu_seconds_total", "process_resident_memory_bytes"}
"""What prometheus_client tells of every process on Linux."""
ADDED = {"instance", "job"}
"""Labels that Prometheus itself puts on everything."""
FAMILY: dict[str, Family] = {name: family for family in FAMILIES for name in family.samples}

_NAME = re.compile(r"\b((?:tidings|process)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPED = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def queries() -> Iterator[str]:
    """Every query of both."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ()))


every_query = pytest.mark.parametrize("query", list(queries()))


@every_query
def test_a_query_asks_for_what_there_is(query: str) -> None:
    asked = {name for name, _ in _NAME.findall(query)}
    assert asked
    assert asked - FAMILY.keys() <= OF_PROCESSES


@every_query
def test_a_query_uses_labels_that_are_there(query: str) -> None:
    known = set(ADDED)
    for name, matchers in _NAME.findall(query):
        family = FAMILY.get(name)
        labels = set(family.labels) if family is not None else set()
        if family is not None and family.kind is Kind.HISTOGRAM:
            labels.add("le")
        assert set(_MATCHER.findall(matchers)) <= labels | ADDED, name
        known |= labels
    grouped = {label.strip() for found in _GROUPED.findall(query) for label in found.split(",")}
    assert grouped <= known


@every_query
def test_counters_are_asked_for_their_growth_and_histograms_by_their_buckets(query: str) -> None:
    for name, _ in _NAME.findall(query):
        if name in FAMILY and FAMILY[name].kind is not Kind.GAUGE:
            grown = re.search(rf"(?:rate|increase)\({name}\b|{name}\)? >|{name} offset|\({name}\)", query)
            assert grown, name
        assert name not in FAMILY or FAMILY[name].kind is not Kind.HISTOGRAM or name != FAMILY[name].name


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_it_means(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description"}
    named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    there = {label for name, _ in _NAME.findall(rule["expr"]) if name in FAMILY for label in FAMILY[name].labels}
    assert named <= there | ADDED


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_the_dashboard_shows_every_metric_but_those_that_say_nothing_over_time() -> None:
    shown = {FAMILY[name].name for query in queries() for name, _ in _NAME.findall(query) if name in FAMILY}
    unseen = {family.name for family in FAMILIES} - shown
    assert unseen == {"tidings_polls", "tidings_reports", "tidings_subscriptions", "tidings_endpoint_held_events"}


def test_panels_of_the_dashboard_stand_beside_each_other_and_have_ids_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
