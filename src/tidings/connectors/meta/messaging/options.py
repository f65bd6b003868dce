"""What a client may ask of one message on Messenger or Instagram only."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message."""

    messaging_type: Literal["", "RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"] = ""
    """Why it is sent; left to us: MESSAGE_TAG with a tag, UTILITY for a template, else RESPONSE."""
    message_tag: str = ""
    """What allows it outside the window, HUMAN_AGENT above all."""
    notification_type: Literal["", "REGULAR", "SILENT_PUSH", "NO_PUSH"] = ""
    persona_id: str = ""
    """Who of the page's personas says it."""
    comment_id: str = ""
    """The comment that it answers."""
    post_id: str = ""
    """The visitor's post that it answers, privately."""
    public: bool = False
    """Whether the comment is answered where everybody sees it, rather than in private."""
    mark_seen: bool = False
    """Mark what the person wrote as seen."""
    typing: bool = False
    """Show that an answer is being typed."""
