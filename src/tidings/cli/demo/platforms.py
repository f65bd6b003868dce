"""What can be shown of single platforms: whatever the simulators declare a demonstration of."""

from typing import NamedTuple

from tidings.cli.client import Trouble
from tidings.cli.show import Columns, print_table, say
from tidings.cli.simulation import simulators
from tidings.model.platforms import PLATFORMS, platform
from tidings.simulators.simulator import Demonstration


class Shown(NamedTuple):
    """Something that can be shown: a platform, by a connector."""

    platform: str
    connector: str
    demonstration: Demonstration

    @property
    def name(self) -> str:
        """What it can be called by, where the platform alone would mean another connector."""
        return f"{self.platform}-{self.connector}"

    def goes_by(self, name: str) -> bool:
        """Whether a name is the platform's: our own, or that of one of the vocabularies."""
        place = platform(self.platform)
        return name.lower() in {place.name.lower(), place.channels.lower(), place.omnichannel.lower()}


def everything() -> list[Shown]:
    """Everything that can be shown, a platform's usual connector before its others and the custom one last."""
    found = [
        Shown(name, kind.name, demonstration)
        for kind in simulators().values()
        for name, demonstration in kind.demonstrations.items()
    ]
    order = list(dict.fromkeys([*PLATFORMS, *(each.platform for each in found)]))
    return sorted(
        found,
        key=lambda each: (
            order.index(each.platform),
            not each.demonstration.usual,
            each.connector == "custom",
            each.connector,
        ),
    )


def find(wanted: str, connector: str) -> Shown:
    """Find what is to be shown: by a platform's name or `<platform>-<connector>`, and by a connector; raises Trouble.

    Either may be empty.
    """
    known = everything()
    there = [each for each in known if wanted == each.name]
    there = there or [each for each in known if not wanted or each.goes_by(wanted)]
    if not there:
        platforms = ", ".join(dict.fromkeys(each.platform for each in known))
        raise Trouble(f"There is no demonstration of {wanted!r}; there are: {platforms}.", exit_code=2)
    for each in there:
        if connector in ("", each.connector):
            return each
    others = ", ".join(sorted({each.connector for each in there}))
    which = f" for {wanted}" if wanted else ""
    raise Trouble(f"There is no demonstration by {connector!r}{which}; there are: {others}.", exit_code=2)


def tell() -> None:
    """List everything that can be shown, and what is told of a message there; and what cannot, and why."""
    rows = [
        {"platform": each.platform, "connector": each.connector, "told": ", ".join(each.demonstration.told)}
        for each in everything()
    ]
    rows += [
        {"platform": name, "connector": kind.name, "told": f"not shown: {why}"}
        for kind in simulators().values()
        for name, why in kind.undemonstrated.items()
    ]
    columns: Columns = {"Platform": "platform", "Connector": "connector", "What is told of a message": "told"}
    print_table(rows, columns, nothing="Nothing can be shown.")
    say("Of a platform's connectors the first is shown where --connector names none.", style="dim")
