"""What happened to a page and its posts, as `org_social_webhook` hears it.

Notifications https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/
organization-social-action-notifications
"""

from msgspec import Raw, Struct

from tidings.connectors.decoding import kept, moment, read, text_at
from tidings.connectors.linkedin.shapes import Notice, Notification
from tidings.connectors.linkedin.urns import ANY, comment
from tidings.model.content import Content
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target, Unknown

SOCIAL_ACTIONS = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"

KINDS = {
    "COMMENT": "comment",
    "ADMIN_COMMENT": "comment",
    "COMMENT_EDIT": "comment",
    "SHARE_MENTION": "mention",
    "SHARE": "share",
}
"""Actions by which a person says something, and what we call it."""

LIKE = "👍"
"""The emoji that stands for a like; LinkedIn names no other reaction here."""


class _Said(Struct, frozen=True):
    """Who said something, and what."""

    owner: str
    text: str


def reports_of(body: bytes, organization: str) -> list[Report]:
    """Say what a request means for the channel of this page, empty for every page; raises Unreadable."""
    notice = read(body, Notice)
    if notice is None:
        raise Unreadable("linkedin: no webhook of LinkedIn's")
    if notice.type != SOCIAL_ACTIONS:
        return [Unknown(as_raw(body), f"News of {notice.type[:80]!r}, which concerns no message.")]
    return [_report(raw, organization) for raw in notice.notifications]


def _report(raw: Raw, organization: str) -> Report:
    told = read(raw, Notification)
    if told is None:
        return Unknown(kept(raw), "A notification that cannot be read.")
    if organization and told.organizational_entity != organization:
        return Unknown(kept(raw), f"It is about {told.organizational_entity[:80]!r}, which is not this channel's page.")
    if told.action in KINDS:
        return _inbound(told, raw)
    deed = {"LIKE": Deed.REACTION, "COMMENT_DELETE": Deed.DELETE_REQUEST}.get(told.action)
    target = told.source_post if deed is Deed.REACTION else comment(told.generated_activity)
    if deed is None or not target:
        return Unknown(kept(raw), f"We have no word for the action {told.action[:80]!r}, or it names nothing.")
    return Interaction(
        f"{deed}:{told.notification_id}",
        deed,
        Target(reference=target),
        kept(raw),
        moment(told.last_modified_at),
        emoji=LIKE if deed is Deed.REACTION else "",
        action="react" if deed is Deed.REACTION else "",
        sender=_said(told).owner,
    )


def _inbound(told: Notification, raw: Raw) -> Report:
    said = _said(told)
    if not said.owner:
        return Unknown(kept(raw), f"A {KINDS[told.action]} that names nobody as its author.")
    if said.owner == told.organizational_entity:
        return Unknown(kept(raw), "An echo: the page itself said it.")
    made = comment(told.generated_activity) or (told.source_post if told.action == "SHARE_MENTION" else "")
    edited = told.action == "COMMENT_EDIT"
    facts = {
        "kind": KINDS[told.action],
        "sourcePost": told.source_post,
        "generatedActivity": made,
        "editedMessageId": made if edited else "",
        "timestamp": str(told.last_modified_at) if moment(told.last_modified_at) else "",
    }
    return Inbound(
        key=f"{told.action}:{told.notification_id}",
        sender=said.owner,
        raw=kept(raw),
        # What is edited keeps its URN, and that is the earlier message's.
        reference="" if edited else made,
        to=told.organizational_entity,
        content=Content(text=said.text),
        at=moment(told.last_modified_at),
        # A mention is the post itself.
        reply_to=Target(reference=told.source_post) if told.source_post not in ("", made) else None,
        extra={name: value for name, value in facts.items() if value},
        conversation=told.source_post,
    )


def _said(told: Notification) -> _Said:
    """Find who said what, wherever it is decorated: LinkedIn documents the decorations by examples only."""
    made = told.decorated_generated_activity
    places = [made.get(name) for name in ("comment", "share", "like", "reaction")] if isinstance(made, dict) else []
    for place in (*places, made, *([told.decorated_source_post] if told.action == "SHARE_MENTION" else [])):
        owner = text_at(place, "owner") or text_at(place, "actor")
        if ANY.fullmatch(owner):
            return _Said(owner, text_at(place, "text") or text_at(place, "message", "text"))
    return _Said("", "")
