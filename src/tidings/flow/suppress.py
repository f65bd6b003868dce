"""Suppressing: what people and providers say of an address is kept with the fact that says it.

Each word is written down with its own time, and the latest counts, whatever order they come in. Where nobody gives a
time, a person's word is of the moment we heard it, and what a message met with is of the moment we took the message: so
the same report told again is no newer word, and whoever was taken off the list since stays off.
"""

from collections.abc import Iterable, Iterator, Sequence

from tidings.flow.page import Page
from tidings.model.exchange import Sent
from tidings.model.messages import Hop
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.model.stages import Reason, Stage
from tidings.model.suppressions import Cited, Ground, Source, Suppression
from tidings.model.workspaces import Channel
from tidings.rules import lifecycle
from tidings.rules.suppression import (
    BY_DEED,
    ground_of_failure,
    kept_address,
    kept_platform,
    scope,
    suppression_id,
    unsubscribing,
    words_of,
)
from tidings.store.suppressions import suppression_row

_Grounds = Iterable[tuple[Ground, bool]]


def by_person(page: Page, channel: Channel, interaction: Interaction, found: Sequence[str]) -> None:
    """Keep that a person unsubscribed or complained, by the address that the report names; also of no message."""
    ground = BY_DEED.get(interaction.deed)
    person = interaction.target.address or interaction.sender
    if ground is None or interaction.prefetched or not person:
        return
    name = _platform_of(page, channel, interaction.target, found)
    cited = Cited(found[0] if found else "", channel.id, Source.PERSON, interaction.details)
    at = page.now if interaction.at is None else interaction.at
    _keep(page, channel.workspace, name, channel.id, (person,), _grounds(ground), at, cited)


def by_deed(page: Page, channel: str, interaction: Interaction, message: str) -> None:
    """Keep that a person unsubscribed or complained of a message, by the address that it went to."""
    ground = BY_DEED.get(interaction.deed)
    hop = lifecycle.hop_of(page.lives[message], channel, interaction.target)
    if ground is None or interaction.prefetched or hop is None:
        return
    at = page.messages[message].created_at if interaction.at is None else interaction.at
    cited = Cited(message, channel, Source.PERSON, interaction.details)
    _keep_of(page, hop, message, interaction.target.recipient, _grounds(ground), at, cited)


def by_receipt(page: Page, channel: str, receipt: Receipt, message: str) -> None:
    """Keep what a failing receipt says of the address it is about."""
    if receipt.reason is None or receipt.stage is not Stage.FAILED:
        return
    hop = lifecycle.hop_of(page.lives[message], channel, receipt.target)
    if hop is not None:
        at = page.messages[message].created_at if receipt.at is None else receipt.at
        _by_failure(page, hop, message, receipt.target.recipient, receipt.reason, at, refused=False)


def by_refusal(page: Page, hop: Hop, message: str, reason: Reason) -> None:
    """Keep what a provider's refusal of a hop says of its one address."""
    _by_failure(page, hop, message, "", reason, page.messages[message].created_at, refused=True)


def by_pieces(page: Page, hop: Hop, message: str, sent: Sent) -> None:
    """Keep what a provider says of the recipients that it refused of a message it took."""
    for piece in sent.pieces:
        if isinstance(piece.refused, Reason):
            at = page.messages[message].created_at
            _by_failure(page, hop, message, piece.recipient, piece.refused, at, refused=True)


def by_words(page: Page, channel: Channel, name: str, inbound: Inbound, message: str) -> None:
    """Keep that a person wrote STOP or START, or has come back."""
    at = page.now if inbound.at is None else inbound.at
    cited = Cited(message, channel.id, Source.PERSON)
    _keep(page, channel.workspace, name, channel.id, (inbound.sender,), words_of(name, inbound), at, cited)


def _grounds(ground: Ground) -> _Grounds:
    return unsubscribing(True) if ground is Ground.UNSUBSCRIBED else ((ground, True),)


def _by_failure(page: Page, hop: Hop, message: str, recipient: str, reason: Reason, at: int, *, refused: bool) -> None:
    ground = ground_of_failure(hop.platform, reason, refused=refused)
    if ground is not None:
        cited = Cited(message, hop.channel, Source.PROVIDER, reason.text, reason.code)
        _keep_of(page, hop, message, recipient, _grounds(ground), at, cited)


def _keep_of(page: Page, hop: Hop, message: str, recipient: str, grounds: _Grounds, at: int, cited: Cited) -> None:
    """Keep grounds of whom a hop went to: its one address, or of several the one that is named."""
    to = hop.address if hop.expected == 1 else recipient
    _keep(page, page.messages[message].workspace, hop.platform, hop.channel, (to,), grounds, at, cited)


def _keep(
    page: Page,
    workspace: str,
    name: str,
    channel: str,
    addresses: Iterable[str],
    grounds: _Grounds,
    at: int,
    cited: Cited,
) -> None:
    for address in _written(name, addresses):
        for ground, stands in grounds:
            kept = Suppression(
                workspace=workspace,
                platform=kept_platform(name),
                channel=scope(name, channel),
                address=address,
                ground=ground,
                stands=stands,
                # Nobody knows the future; a clock that is ahead would outweigh every later word.
                at=min(at, page.now),
                cited=cited,
            )
            page.row("put_suppression", *suppression_row(suppression_id(kept), kept))


def _written(name: str, addresses: Iterable[str]) -> Iterator[str]:
    for each in addresses:
        try:
            yield kept_address(name, each)
        except ValueError:
            # Nobody could write to that either.
            continue


def _platform_of(page: Page, channel: Channel, target: Target, found: Sequence[str]) -> str:
    """Name the platform of what a person did: that of the message, where it is known."""
    for message in found:
        if (hop := lifecycle.hop_of(page.lives[message], channel.id, target)) is not None:
            return hop.platform
    return channel.platform
