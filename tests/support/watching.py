"""What an operator watches, for the documents: every metric and every alert, as the code and the rules have them."""

import yaml

from support.documents import ROOT, table
from tidings.web.metrics.families import FAMILIES, Teller

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
TELLERS = {Teller.EACH: "each", Teller.SWEEPER: "one"}


def metrics() -> str:
    """Every metric, in the words that it is told with."""
    rows = [
        (
            f"`{family.shown}`",
            family.kind.value,
            ", ".join(f"`{label}`" for label in family.labels) or "–",
            TELLERS[family.teller],
            family.help,
        )
        for family in FAMILIES
    ]
    return table(("Metric", "Kind", "Labels", "Told by", "Meaning"), rows)


def alerts() -> str:
    """Every alert, how bad it is, and what it means."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    rows = [
        (f"`{rule['alert']}`", rule["labels"]["severity"], f"`{rule['expr']}`", rule["annotations"]["description"])
        for group in groups
        for rule in group["rules"]
    ]
    return table(("Alert", "Severity", "Fires where", "What it means"), rows)
