"""Getting interactive data that a message only points to: the place is gone within seconds, so there is no later.

Large data https://register.apple.com/resources/messages/msp-rest-api/type-interactive
"""

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tidings.connectors.apple_messages.callbacks import NOTHING, DataRef, Incoming
from tidings.connectors.apple_messages.files import got, reference_of
from tidings.connectors.apple_messages.gateway import Gateway
from tidings.connectors.apple_messages.packing import LARGEST, unpacked
from tidings.connectors.apple_messages.settings import AppleSettings
from tidings.connectors.decoding import read
from tidings.model.errors import NoReply, Unreadable
from tidings.model.exchange import Callback, Exchange


def completion(callback: Callback, settings: AppleSettings) -> Exchange[Callback] | None:
    """Get what a message points to; None where it says everything itself, or is for another business."""
    try:
        body = unpacked(callback.body)
    except Unreadable:
        return None
    message = read(body, Incoming)
    if message is None or message.interactive_data != NOTHING or message.destination_id != settings.business_id:
        return None
    ref = read(message.interactive_data_ref, DataRef)
    return _completed(callback, body, ref, Gateway(settings, callback.received_at)) if ref else None


def _completed(callback: Callback, body: bytes, ref: DataRef, gateway: Gateway) -> Exchange[Callback]:
    try:
        reply = yield from got(reference_of(ref), gateway)
    except NoReply:
        return callback
    data = read(reply.body, dict[str, Raw]) if reply.ok and len(reply.body) <= LARGEST else None
    whole = read(body, dict[str, Raw])
    if data is None or whole is None:
        return callback
    # The data have been seen by themselves, and under the name that they have in a message.
    told = data.get("interactiveData", Raw(reply.body))
    return replace(callback, body=msgspec.json.encode({**whole, "interactiveData": told}))
