"""SMPP with others: our bind with an SMSC not written here, and our simulated SMSC with an ESME not written here."""

import asyncio
import warnings
from pathlib import Path
from typing import Any

import smpplib.client
import smpplib.consts
import smpplib.gsm

from stories.test_smpp import DELIVERED, SETTINGS
from support.smsc import foreign_smsc
from support.stories import telling
from tidings.simulators.smpp import Smsc


async def test_our_bind_speaks_with_a_foreign_smsc(tmp_path: Path) -> None:
    async with foreign_smsc(tmp_path) as smsc, telling(tmp_path, "sms") as story:
        story.channels["smpp"] = await story.at_work.channel(
            story.workspace, "sms", "smpp", {**SETTINGS, "baseUrl": smsc.url, "enquireSeconds": 0.2}
        )
        text = "Grüße! €5 [now] " * 12
        message = await story.send({"phoneNumber": "447700900123"}, "sms", body=text)
        await story.hears(DELIVERED)
        taken = await smsc.hears(lambda each: "id" in each, 2)
        assert "".join(each["text"] for each in taken) == text
        assert all(each["udh"] for each in taken)
        assert (await story.life(message))["hops"][0]["stage"] == "delivered"
        assert [each["answered"] for each in await smsc.hears(lambda each: "answered" in each, 2)] == [0, 0]
        await smsc.deliver(source_addr="447700900123", destination_addr="60777", short_message="Привет, мир")
        assert (await story.hears_of("message.inbound"))["payload"]["body"] == "Привет, мир"
        await smsc.hears(lambda each: each.get("asked") == "enquire_link")
        await story.at_work.ask("DELETE", f"/workspaces/{story.workspace}/channels/{story.channels['smpp']['id']}")
        await smsc.hears(lambda each: "unbound" in each)


async def test_our_simulated_smsc_speaks_with_a_foreign_esme() -> None:
    simulator = Smsc(SETTINGS, pace=0.01)
    url = await simulator.start()
    try:
        simulator.post(simulator.inbound("+447700900123", "Where is it?"), delay=0.5)
        heard = await asyncio.to_thread(_speak, int(url.rpartition(":")[2]))
    finally:
        await simulator.stop()
    ids = [each["id"].encode() for each in simulator.taken]
    assert "".join(each["text"] for each in simulator.taken) == "Hello [you] " * 20
    assert heard["taken"] == ids
    assert heard["reported"] == [(each, 2) for each in ids]
    assert heard["inbound"] == [b"Where is it?"]
    assert simulator.answers == [200, 200, 200]


def _speak(port: int) -> dict[str, list[Any]]:
    """Bind, submit a long text, and hear what comes, as users of smpplib do."""
    heard: dict[str, list[Any]] = {"taken": [], "reported": [], "inbound": []}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = smpplib.client.Client("127.0.0.1", port, timeout=3)
        client.set_message_sent_handler(lambda pdu: heard["taken"].append(pdu.message_id))
        client.set_message_received_handler(lambda pdu: _hear(heard, pdu))
        client.connect()
        client.bind_transceiver(system_id=SETTINGS["systemId"], password=SETTINGS["password"])
        parts, coding, message_type = smpplib.gsm.make_parts("Hello [you] " * 20)
        for part in parts:
            client.send_message(
                source_addr="HUB",
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                destination_addr="447700900101",
                short_message=part,
                data_coding=coding,
                esm_class=message_type,
                registered_delivery=True,
            )
        while not (len(heard["reported"]) == len(parts) and heard["inbound"]):
            client.read_once()
        client.unbind()
        client.disconnect()
    return heard


def _hear(heard: dict[str, list[Any]], pdu: Any) -> int:
    if pdu.receipted_message_id:
        heard["reported"].append((pdu.receipted_message_id, pdu.message_state))
    else:
        heard["inbound"].append(pdu.short_message)
    return 0
