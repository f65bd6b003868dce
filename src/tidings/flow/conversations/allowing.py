"""Who may do what: asked before anything is changed."""

from tidings.flow.conversations.commands import Place
from tidings.flow.conversations.page import Page
from tidings.model.conversations import Conversation, Said
from tidings.model.errors import Refused
from tidings.rules.conversations.permissions import Deed, may


def allowed(page: Page, place: Place, deed: Deed, *, deleted: bool = False) -> Conversation:
    """Give the conversation where something may be done in it; raises Refused.

    Whoever does not take part is told the same whether or not there is such a conversation.
    """
    conversation = page.conversations.get(place.key)
    role = None
    if not place.doer.by_server:
        one = page.participants.get((place.key, place.doer.profile))
        role = None if one is None else one.role
        if conversation is None or (role is None and not may(conversation, None, deed)):
            raise not_in(place.conversation)
    if conversation is None or (conversation.deleted_at is not None and not deleted):
        raise Refused(f"There is no conversation {place.conversation}.", status=404)
    if not place.doer.by_server and not may(conversation, role, deed):
        raise Refused("The role in this conversation does not allow it.", status=403, kind="not-allowed")
    return conversation


def not_in(conversation: str) -> Refused:
    """They take no part in such a conversation, which may not be there at all."""
    return Refused(f"There is no conversation {conversation} that you take part in.", status=403, kind="no-participant")


def is_here(said: Said, place: Place) -> bool:
    """Whether a message is of the conversation where something is done."""
    return said.workspace == place.workspace and said.conversation == place.conversation
