"""Metrics as a monitor reads them."""

from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tidings.assemble import Hub


class Scrape:
    """What was told at one moment."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in self.families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """The one number of a name with these labels, whatever others it has."""
        (found,) = self.all(name, **labels).values()
        return found

    def all(self, name: str, **labels: str) -> dict[tuple[str, ...], float]:
        """Every number of a name with these labels, by the values of the other ones, in the order of their names."""
        return {
            tuple(value for key, value in sorted(sample.labels.items()) if key not in labels): sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        }


async def scraped(hub: Hub, **headers: Any) -> Scrape:
    """Read the metrics of a hub at its door."""
    answer = await asked(hub, **headers)
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)


async def asked(hub: Hub, **headers: Any) -> httpx.Response:
    """Ask for the metrics of a hub at its door."""
    transport = httpx.ASGITransport(app=hub.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
        return await client.get("/metrics", headers=headers)
