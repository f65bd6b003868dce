"""What people do to a page and its posts, as notifications."""

import time
from itertools import count
from typing import Any

_ACTIONS = {"comment": "COMMENT", "mention": "SHARE_MENTION", "share": "SHARE"}
_DEEDS = {"like": "LIKE", "edit": "COMMENT_EDIT", "delete": "COMMENT_DELETE"}
POST = "urn:li:activity:7100000000000000002"


class Social:
    """One page, and the administrator who is subscribed to it."""

    def __init__(self, organization: str, subscriber: str) -> None:
        self.organization = organization
        self.subscriber = subscriber
        self._numbers = count(7100000000000000003)
        self._notifications = count(901)

    def said(self, kind: str, person: str, text: str, *, post: str = POST, **more: Any) -> dict[str, Any]:
        """A person comments on a post, mentions the page, or shares its post."""
        number = next(self._numbers)
        if kind == "comment":
            made = f"urn:li:comment:({post},{number})"
            decorated = {"comment": {"owner": person, "text": text, "entity": made, "object": post}}
            # The URN beside it is written in short, as LinkedIn writes it.
            return self._told("COMMENT", post, made.replace("(urn:li:", "("), decorated, **more)
        made = f"urn:li:share:{number}"
        source = made if kind == "mention" else post
        return self._told(
            _ACTIONS[kind], source, made, {"share": {"owner": person, "text": text, "entity": made}}, **more
        )

    def done(self, thing: str, deed: str, *, sender: str = "urn:li:person:hUbM3mb3r", text: str = "") -> dict[str, Any]:
        """A person likes a post, or changes or takes back a comment."""
        if deed == "like":
            return self._told("LIKE", thing, f"urn:li:like:({sender},{thing})", {"like": {"owner": sender}})
        decorated = {"comment": {"owner": sender, "text": text, "entity": thing}} if deed == "edit" else {}
        return self._told(_DEEDS[deed], POST, thing, decorated)

    def _told(self, action: str, post: str, made: str, decorated: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "notificationId": next(self._notifications),
            "organizationalEntity": self.organization,
            "action": action,
            "sourcePost": post,
            "decoratedSourcePost": {"owner": self.organization, "text": "We have a sale", "entity": post},
            "generatedActivity": made,
            "decoratedGeneratedActivity": decorated,
            "lastModifiedAt": round(time.time() * 1000),
            "subscriber": self.subscriber,
            **more,
        }
