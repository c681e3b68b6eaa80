"""Alerts and dashboards name metrics; the services must export every one of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from huleedu_cli.clone import ROOT
from huleedu_service_libs import metrics
from services.cj_assessment_service import metrics as cj_metrics

FOLDER = ROOT / "observability"
DASHBOARDS = sorted(FOLDER.glob("grafana/dashboards/*.json"))
NAMED = [FOLDER / "prometheus" / "alerts.yml", *DASHBOARDS]
SAMPLES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}


def exported() -> set[str]:
    """What a scrape of these services has, whether anything has happened yet or not."""
    assert {metrics.EVENTS, cj_metrics.COMPARISONS}, "importing them registers them"
    return {
        family.name + suffix
        for family in REGISTRY.collect()
        for suffix in SAMPLES.get(family.type, ())
    }


def named(text: str) -> set[str]:
    return set(re.findall(r"\bhuleedu_[a-z_]+", text))


@pytest.mark.parametrize("path", NAMED, ids=lambda path: path.name)
def test_every_metric_that_is_named_is_exported(path: Path) -> None:
    found = named(path.read_text("utf-8"))
    assert found
    assert found <= exported()


def test_every_alert_is_tried() -> None:
    alerts = re.findall(r"- alert: (\w+)", (FOLDER / "prometheus" / "alerts.yml").read_text())
    tried = (FOLDER / "prometheus" / "alerts.test.yml").read_text()
    fires = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", tried))
    assert set(alerts) == fires


def test_the_dashboard_shows_what_the_services_are_made_to_tell() -> None:
    shown = named("".join(path.read_text("utf-8") for path in DASHBOARDS))
    ours = {name for name in exported() if name.startswith("huleedu_")}
    unseen = {name.removesuffix("_sum") for name in ours - shown if name.endswith("_sum")}
    assert ours - shown <= {f"{name}_sum" for name in unseen} | {"huleedu_event_seconds_count"}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_panels_of_a_dashboard_do_not_overlap(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(path.read_text("utf-8"))["panels"]:
        cells = set(_cells(panel["gridPos"]))
        assert not taken & cells, panel["title"]
        taken |= cells


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y
