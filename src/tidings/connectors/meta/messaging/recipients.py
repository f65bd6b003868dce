"""Whom a message goes to: a person, or whoever wrote a comment or a post."""

import re
from typing import Any

from tidings.connectors.connector import Outgoing
from tidings.connectors.meta.messaging.options import Options

COMMENT = re.compile(r"[0-9]{1,40}(?:_[0-9]{1,40})?")
"""Ids of comments and posts; those of messages are never digits alone."""

USER_REF = "user_ref:"
"""Before the reference of somebody who ticked a box on a website, as one writes the address."""
TOKEN = "token:"  # noqa: S105 - a prefix
"""Before the token of somebody who asked for marketing messages."""


def comment_of(outgoing: Outgoing, options: Options) -> str:
    """Give the comment that a message answers: as its options say, or what it replies to; empty where it is none."""
    if options.comment_id:
        return options.comment_id
    return outgoing.reply_to if COMMENT.fullmatch(outgoing.reply_to) else ""


def recipient_of(outgoing: Outgoing, options: Options) -> dict[str, Any]:
    """Say whom a message is for, in Meta's words."""
    if comment := comment_of(outgoing, options):
        return {"comment_id": comment}
    if options.post_id:
        return {"post_id": options.post_id}
    if outgoing.to.startswith(USER_REF):
        return {"user_ref": outgoing.to.removeprefix(USER_REF)}
    if outgoing.to.startswith(TOKEN):
        return {"notification_messages_token": outgoing.to.removeprefix(TOKEN)}
    return {"id": outgoing.to}
