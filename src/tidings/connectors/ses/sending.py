"""Handing a message to SES: one call for each recipient.

SES tells opens and clicks of a call without saying whose they are, so a call is for one person. Everybody still sees
whom else the mail is for, which its headers say.
"""

from collections.abc import Generator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.people import address_of, everybody_of
from tidings.connectors.ses.errors import refused
from tidings.connectors.ses.settings import SesSettings
from tidings.connectors.ses.signing import signed
from tidings.connectors.ses.writing import write
from tidings.model.errors import NoReply, SendDeferred, SendFailed, uncertain
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause

TRIES = 3
"""How often a call is made that SES throttles in the middle of a message; the way there and back is the pause."""


class _Taken(Struct, frozen=True):
    MessageId: str


def send(outgoing: Outgoing, settings: SesSettings) -> Exchange[Sent]:
    """Hand it over; whom SES refuses while it takes others, is told with the others.

    Once one call was taken the message is not sent again, so that nobody gets it twice.
    """
    request = yield from write(outgoing, settings)
    pieces: list[Piece] = []
    answer: Raw | None = None
    refusal: SendFailed | None = None
    for address in everybody_of(outgoing):
        whole = {**request, "Destination": {"ToAddresses": [address]}}
        try:
            reference, told = yield from _hand_over(whole, settings, outgoing.now, TRIES if answer else 1)
        except SendFailed as error:
            refusal = refusal or error
            pieces.append(Piece("", address, error.reason))
        except SendDeferred as error:
            if answer is None:
                raise
            pieces.append(Piece("", address, error.reason))
        except NoReply as silence:
            if answer is None:
                raise
            pieces.append(Piece("", address, uncertain(silence.why)))
        else:
            answer = answer or told
            pieces.append(Piece(reference, address))
    if answer is None:
        assert refusal is not None, "whoever is not taken is refused"
        raise refusal
    return Sent(pieces=tuple(pieces), answer=answer, sender=address_of(request["FromEmailAddress"]))


def _hand_over(
    request: dict[str, Any], settings: SesSettings, now: int, tries: int
) -> Generator[Call, Reply, tuple[str, Raw]]:
    """Make the call for one recipient; gives SES's id and its answer."""
    call = signed(Call.post(f"{settings.url}/v2/email/outbound-emails", json=request), settings, "ses", now)
    while True:
        reply = yield call
        if reply.ok and (taken := _taken(reply)):
            return taken, reply.raw
        error = refused(reply)
        tries -= 1
        if error.reason.cause is not Cause.THROTTLED or not tries:
            raise error


def _taken(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Taken).MessageId
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
