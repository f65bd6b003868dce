"""What happens on the page itself: people's comments, and where they mention the page.

Feed https://developers.facebook.com/docs/graph-api/webhooks/reference/page   fields `feed` and `mention`
"""

from collections.abc import Iterator

from msgspec import Raw, Struct, field

from tidings.connectors.decoding import kept, read
from tidings.connectors.meta.messaging.contents import said
from tidings.connectors.meta.messaging.shapes import Change, Id
from tidings.connectors.meta.moments import Time, at
from tidings.model.content import Content
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target, Unknown

FIELDS = frozenset({"feed", "mention"})


class _Author(Struct, frozen=True):
    id: Id = ""
    name: str = ""


class _Value(Struct, frozen=True):
    item: str = ""
    verb: str = ""
    comment_id: str | None = None
    post_id: str | None = None
    parent_id: str | None = None
    from_: _Author | None = field(name="from", default=None)
    sender_id: Id = ""
    sender_name: str = ""
    message: str | None = None
    created_time: Time = None

    @property
    def author(self) -> _Author:
        return self.from_ or _Author(self.sender_id, self.sender_name)

    @property
    def known(self) -> str:
        """The id of the comment, or of the post."""
        return self.comment_id or self.post_id or ""


def reports_of(page: str, change: Change, raw: Raw, time: Time) -> Iterator[Report] | None:
    """Say what happened on a page; None where the field is none of ours."""
    return _reports(page, change, raw, time) if change.field in FIELDS else None


def _reports(page: str, change: Change, raw: Raw, time: Time) -> Iterator[Report]:
    value = read(change.value, _Value)
    if value is None or not value.known or not value.author.id:
        yield Unknown(kept(raw), f"News of the page's {change.field} that cannot be read, or names nobody.")
    elif str(value.author.id) == page:
        yield Unknown(kept(raw), "The page wrote it itself.")
    elif change.field == "feed" and value.item != "comment":
        yield Unknown(kept(raw), f"News of a {value.item[:80] or 'nothing'} on the page, which is no message.")
    elif value.verb in ("add", "edited"):
        yield _written(page, change, value, raw, time)
    elif value.verb == "remove":
        yield _removed(value, raw, time)
    else:
        yield Unknown(kept(raw), f"We have no word for a comment that somebody did {value.verb[:80]!r} to.")


def _written(page: str, change: Change, value: _Value, raw: Raw, time: Time) -> Report:
    edited = value.verb == "edited"
    told = value.created_time or time
    return Inbound(
        key=f"inbound:{value.known}:{time}" if edited else f"inbound:{value.known}",
        sender=str(value.author.id),
        raw=encode_raw({"pageId": page, "body": kept(raw)}),
        to=page,
        content=Content(text=value.message or ""),
        at=at(time if edited else told),
        name=value.author.name,
        reply_to=Target(reference=value.parent_id) if value.parent_id else None,
        extra={
            "kind": "mention" if change.field == "mention" else "comment",
            **said(
                commentId=value.comment_id,
                postId=value.post_id,
                parentId=value.parent_id,
                editedMessageId=value.known if edited else None,
            ),
        },
    )


def _removed(value: _Value, raw: Raw, time: Time) -> Report:
    return Interaction(
        f"delete-request:{value.known}",
        Deed.DELETE_REQUEST,
        Target(reference=value.known),
        kept(raw),
        at(time),
        sender=str(value.author.id),
    )
