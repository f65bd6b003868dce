"""What people's devices say: messages, packed as Apple posts them, and answers to interactive ones."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from tidings.simulators.simulator import Post

BID = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.apple.icloud.apps.messages.business.extension"
CAPABILITIES = "AUTH,LIST,TIME,FORM,QUICK,AUTH2"


class Devices:
    """The devices of everybody who writes to the business."""

    def __init__(self, settings: Mapping[str, Any], *, packed: bool) -> None:
        self.business = settings["businessId"]
        self.packed = packed

    def post(self, message: Mapping[str, Any]) -> Post:
        """Write what Apple posts of a message, without where to and without its token."""
        body = json.dumps({**message, "destinationId": self.business, "locale": "en_US"}, ensure_ascii=False).encode()
        headers = {
            "content-type": "application/json",
            "id": message["id"],
            "source-id": message["sourceId"],
            "destination-id": self.business,
            "capability-list": CAPABILITIES,
            "device-agent": "iPhone OS",
        }
        if not self.packed:
            return Post("", body, headers)
        return Post("", gzip.compress(body), {**headers, "content-encoding": "gzip"})

    def answer(self, kind: str, data: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """Write the answer to an interactive message: what was offered, and what of it was picked."""
        wanted = more.get("selections" if kind == "dynamic" else "picked", [])
        answered, title = _ANSWERS[kind](data.get(kind, {}), wanted)
        request = data.get("requestIdentifier", "")
        told = {"version": "1.0", "requestIdentifier": request, kind: answered, "replyMessage": {"title": title}}
        return {"bid": BID, "sessionIdentifier": "8D3C", "data": told}


def _quick_reply(offered: Any, picked: Any) -> tuple[Any, str]:
    items = offered.get("items", [])
    index = next((index for index, item in enumerate(items) if item["identifier"] in picked), 0)
    return {"selectedIndex": index, "items": items}, items[index]["title"] if items else ""


def _list(offered: Any, picked: Any) -> tuple[Any, str]:
    sections = []
    for section in offered.get("sections", []):
        items = [item for item in section["items"] if item["identifier"] in picked]
        if items:
            sections.append({**section, "items": items})
    return {"sections": sections}, "Chosen"


def _event(offered: Any, picked: Any) -> tuple[Any, str]:
    slots = [slot for slot in offered.get("timeslots", []) if slot["identifier"] in picked]
    return {**offered, "timeslots": slots}, slots[0]["startTime"] if slots else ""


def _form(offered: Any, selections: Any) -> tuple[Any, str]:
    return {**offered, "selections": selections}, "Filled in"


_ANSWERS = {"quick-reply": _quick_reply, "listPicker": _list, "event": _event, "dynamic": _form}
