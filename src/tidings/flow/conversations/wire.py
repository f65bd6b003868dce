"""The wire `app`: a connector's call is a message, which is said in a conversation of the hub's own."""

from typing import Any

import msgspec

from tidings.connectors.app_messaging.words import Answer, Request
from tidings.connectors.connector import Connector
from tidings.flow.conversations.commands import Doer, Place, Say
from tidings.flow.conversations.setting import setting_of
from tidings.flow.world import World
from tidings.model.errors import NoReply, Refused
from tidings.model.exchange import Call, Exchange, Reply, T, hold
from tidings.model.workspaces import Channel
from tidings.rules.conversations.names import between


class Spokesman:
    """Says in conversations what the hub sends."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def open(self, channel: Channel, connector: Connector[Any]) -> None:
        """The conversations are always there."""

    async def close(self, channel: str) -> None:
        """And stay."""

    async def carry(self, channel: Channel, exchange: Exchange[T], *, timeout: float) -> T:
        """Say what the connector asks for; the store has no need of `timeout`."""
        return await hold(exchange, lambda call: self._say(channel, call))

    async def _say(self, channel: Channel, call: Call) -> Reply:
        world, request = self._world, msgspec.json.decode(call.body, type=Request)
        setting = setting_of(world, channel.workspace)
        if setting is None:
            raise NoReply("The workspace has no channel for its apps.", taken=False, error="connect")
        place = Place(
            workspace=channel.workspace,
            conversation=request.conversation or between(request.sender, request.to),
            doer=Doer(request.sender, by_server=True),
            sender=setting.settings.sender,
            keep=setting.settings.keep,
            now=world.clock.now(),
        )
        try:
            outcome = await world.conversations.do(
                Say(place=place, id=request.id, spoken=request.spoken, to=request.to)
            )
        except Refused as refused:
            told = {"detail": refused.detail, "kind": refused.kind}
            return Reply(status=refused.status, body=msgspec.json.encode(told))
        except Exception as error:
            raise NoReply(f"The store did not take it: {error}", taken=True) from error
        said = outcome.value
        return Reply(status=201, body=msgspec.json.encode(Answer(said.conversation, said.id)))
