"""Who may do what in a conversation."""

from enum import StrEnum

from tidings.model.conversations import Conversation, Role


class Deed(StrEnum):
    """What somebody would do in a conversation."""

    LOOK = "look"
    """Read what was said and what happened, who takes part; say how far they have come; react."""
    SEND = "send"
    """Say something, and show that something is being typed."""
    ADD = "add"
    REMOVE = "remove"
    COME = "come"
    """Add oneself."""
    LEAVE = "leave"
    APPOINT = "appoint"
    """Give somebody the role of an owner, or remove one."""
    CHANGE = "change"
    """Rename it, set what its roles may do, or delete it."""


def may(conversation: Conversation, role: Role | None, deed: Deed) -> bool:
    """Whether a profile may do something; its role is None where it does not take part.

    The workspace's own server may do everything and is not asked.
    """
    if role is None:
        return deed is Deed.COME and conversation.is_public
    granted = conversation.roles.owner if role is Role.OWNER else conversation.roles.participant
    match deed:
        case Deed.LOOK | Deed.LEAVE | Deed.COME:
            return True
        case Deed.SEND:
            return granted.can_send
        case Deed.ADD:
            return granted.can_add_participants
        case Deed.REMOVE:
            return granted.can_remove_participants
        case _:
            return role is Role.OWNER
