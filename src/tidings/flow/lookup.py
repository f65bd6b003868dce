"""Looking up what a batch of facts names, before any of it is written."""

from collections.abc import Sequence
from typing import Any

from tidings.flow.facts import Accepted, MessageFact, Noticed, Promise, Submitted, Told, Unread
from tidings.flow.page import Page
from tidings.flow.screening import addresses_of, suppressed_among
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.store.statements import Transaction


def look_up(page: Page, facts: Sequence[MessageFact]) -> Transaction[None]:
    """Read onto a page what its facts name, with as few queries as there are kinds of things named."""
    wanted = _Wanted()
    for fact in facts:
        wanted.by(fact)
    for promise in wanted.promises:
        yield from page.find_promise(promise.workspace, promise.key)
    for where, keys in wanted.keys.items():
        yield from page.find_seen(where, keys)
    yield from page.load(wanted.messages)
    found: list[str] = []
    for where, references in wanted.references(page).items():
        found.extend((yield from page.find_pieces(where, references)))
    yield from page.load(found)
    for where, references in _given_references(page, facts).items():
        yield from page.find_parked(where, references)
    for workspace, addresses in wanted.addresses.items():
        page.suppressed.update((yield from suppressed_among(workspace, sorted(addresses))))


class _Wanted:
    """What facts name that is to be looked up before they can be written."""

    def __init__(self) -> None:
        self.messages: dict[str, None] = {}
        self.targets: list[tuple[str, Target]] = []
        """With their channels."""
        self.keys: dict[str, list[str]] = {}
        """Of reports, by channel."""
        self.promises: list[Promise] = []
        self.addresses: dict[str, set[str]] = {}
        """That messages are to go to, by workspace."""

    def by(self, fact: MessageFact) -> None:
        """Note what one fact names."""
        match fact:
            case Told(channel, report, promise):
                self._promise(promise)
                if key := getattr(report, "key", ""):
                    self.keys.setdefault(channel.id, []).append(key)
                for target in _targets(report):
                    self._target(channel.id, target)
            case Accepted(takings, promise):
                self._promise(promise)
                for taking in takings:
                    self.addresses.setdefault(taking.message.workspace, set()).update(addresses_of(taking))
            case Unread() | Noticed():
                pass
            case _:
                self.messages[fact.message] = None

    def _promise(self, promise: Promise | None) -> None:
        if promise is not None:
            self.promises.append(promise)

    def _target(self, channel: str, target: Target) -> None:
        if target.message:
            self.messages[target.message] = None
        if target.reference:
            self.targets.append((channel, target))

    def references(self, page: Page) -> dict[str, list[str]]:
        """The provider's references, by channel, of messages that our own id has not found."""
        references: dict[str, list[str]] = {}
        for channel, target in self.targets:
            if target.message not in page.messages:
                references.setdefault(channel, []).append(target.reference)
        return references


def _given_references(page: Page, facts: Sequence[MessageFact]) -> dict[str, list[str]]:
    """The references that providers have just given, by channel: reports may be waiting for them."""
    references: dict[str, list[str]] = {}
    for fact in facts:
        if isinstance(fact, Submitted) and (life := page.lives.get(fact.message)) is not None:
            waiting = references.setdefault(life.hops[fact.hop].channel, [])
            waiting.extend(reference for piece in fact.sent.pieces for reference in piece.references)
    return references


def _targets(report: Any) -> tuple[Target, ...]:
    match report:
        case Receipt(target=target) | Interaction(target=target):
            return (target,)
        case Inbound(reply_to=target) if target is not None:
            return (target,)
    return ()
