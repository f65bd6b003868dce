"""Redaction reaches what was said in a conversation too: there a message of the hub's stands a second time."""

from tidings.flow.conversations.commands import Doer, Empty, Place
from tidings.flow.look import message_in
from tidings.flow.world import World
from tidings.model.messages import Direction


async def empty_said(world: World, workspace: str, message: str) -> None:
    """Take what a message of the hub's says out of the conversation that it was said in, if it was."""
    standing = await world.store.read(message_in(workspace, message))
    if standing is None or not standing.message.conversation:
        return
    known = standing.message
    place = Place(
        workspace=workspace,
        conversation=known.conversation,
        doer=Doer("", by_server=True),
        sender="",
        keep=0,
        now=world.clock.now(),
    )
    said = known.id if known.direction is Direction.OUTGOING else known.platform_reference
    await world.conversations.do(Empty(place=place, message=said))
