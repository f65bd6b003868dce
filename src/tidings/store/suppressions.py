"""How suppressions stand in their rows."""

from typing import Any

import msgspec

from tidings.model.suppressions import Cited, Ground, Suppression
from tidings.store.statements import Row

_encode = msgspec.json.Encoder().encode
_decode_cited = msgspec.json.Decoder(Cited).decode


def suppression_row(id_: str, suppression: Suppression) -> tuple[Any, ...]:
    """Write a suppression as a row of `put_suppression` and `add_suppression`."""
    return (
        suppression.workspace,
        id_,
        suppression.platform,
        suppression.channel,
        suppression.address,
        suppression.ground.value,
        suppression.stands,
        suppression.at,
        _encode(suppression.cited),
    )


def decode_suppression(row: Row) -> Suppression:
    """Read a suppression from a row: workspace, platform, channel, address, ground, stands, at, body."""
    workspace, platform, channel, address, ground, stands, at, body = row
    return Suppression(
        workspace=workspace,
        platform=platform,
        channel=channel,
        address=address,
        ground=Ground(ground),
        stands=bool(stands),
        at=at,
        cited=_decode_cited(body),
    )
