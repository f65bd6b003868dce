"""What people write where everybody sees it: comments below the account's posts, and mentions of the account.

Webhooks  https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram
Mentions  https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/mentions
"""

import re
from collections.abc import Iterator

from msgspec import Raw, Struct, field

from tidings.connectors.decoding import kept, read
from tidings.connectors.meta.api import Api
from tidings.connectors.meta.messaging.contents import said
from tidings.connectors.meta.messaging.shapes import Change, Id
from tidings.connectors.meta.moments import Time, at
from tidings.model.content import Content, Media
from tidings.model.exchange import Call, encode_raw
from tidings.model.reports import Inbound, Report, Target, Unknown

COMMENTS = frozenset({"comments", "live_comments"})
MENTIONS = "mentions"

MENTION = re.compile(r"mention:(?P<media>[0-9]{1,40})(?::(?P<comment>[0-9]{1,40}))?")
"""Where a mention is, as `mention:<media>` in a caption and `mention:<media>:<comment>` in a comment.

Meta does not say who wrote it, so this is the address that it is from, and that an answer goes to.
"""

_OF_COMMENT = "id,text,timestamp,username,media"
_OF_MEDIA = "id,caption,media_type,media_url,permalink,timestamp,username"


class _Author(Struct, frozen=True):
    id: Id = ""
    username: str = ""
    self_ig_scoped_id: Id = ""


class _Media(Struct, frozen=True):
    id: Id = ""
    media_product_type: str = ""
    ad_id: Id = ""
    ad_title: str = ""
    original_media_id: Id = ""


class _Comment(Struct, frozen=True):
    id: Id = ""
    from_: _Author = field(name="from", default=_Author())
    media: _Media = _Media()
    parent_id: Id = ""
    text: str = ""


class _Mention(Struct, frozen=True):
    media_id: Id = ""
    comment_id: Id = ""


def reports_of(ours: frozenset[str], account: str, change: Change, raw: Raw, time: Time) -> Iterator[Report] | None:
    """Say what was written in public; None where the field is none of ours."""
    if change.field in COMMENTS:
        return _comment(ours, account, change, raw, time)
    return _mention(account, change, raw, time) if change.field == MENTIONS else None


def lookup(mention: str, api: Api) -> Call | None:
    """Ask what a mention says; None where that is no mention."""
    found = MENTION.fullmatch(mention)
    if found is None:
        return None
    if found["comment"]:
        return api.get(fields=f"mentioned_comment.comment_id({found['comment']}){{{_OF_COMMENT}}}")
    return api.get(fields=f"mentioned_media.media_id({found['media']}){{{_OF_MEDIA}}}")


def answer_to(mention: str, text: str, api: Api) -> Call | None:
    """Answer a mention where it stands; None where that is no mention."""
    found = MENTION.fullmatch(mention)
    if found is None:
        return None
    return api.post("mentions", {"media_id": found["media"], **said(comment_id=found["comment"]), "message": text})


def _comment(ours: frozenset[str], account: str, change: Change, raw: Raw, time: Time) -> Iterator[Report]:
    comment = read(change.value, _Comment)
    if comment is None or not comment.id or not comment.from_.id:
        yield Unknown(kept(raw), "A comment that cannot be read, or names nobody.")
        return
    if ours & {str(comment.from_.id), str(comment.from_.self_ig_scoped_id)}:
        yield Unknown(kept(raw), "The account wrote it itself.")
        return
    media = comment.media
    yield Inbound(
        key=f"inbound:{comment.id}",
        sender=str(comment.from_.id),
        raw=encode_raw({"accountId": account, "body": kept(raw)}),
        to=account,
        content=Content(text=comment.text),
        at=at(time),
        name=comment.from_.username,
        reply_to=Target(reference=str(comment.parent_id)) if comment.parent_id else None,
        extra={
            "kind": "comment",
            **said(
                commentId=str(comment.id),
                mediaId=str(media.id),
                mediaProductType=media.media_product_type,
                parentId=str(comment.parent_id),
                adId=str(media.ad_id),
                adTitle=media.ad_title,
                originalMediaId=str(media.original_media_id),
                live=change.field == "live_comments",
            ),
        },
    )


def _mention(account: str, change: Change, raw: Raw, time: Time) -> Iterator[Report]:
    mention = read(change.value, _Mention)
    address = ":".join(filter(None, ("mention", str(mention.media_id), str(mention.comment_id)))) if mention else ""
    if mention is None or MENTION.fullmatch(address) is None:
        yield Unknown(kept(raw), "A mention that cannot be read.")
        return
    yield Inbound(
        key=f"inbound:{mention.comment_id or mention.media_id}",
        sender=address,
        raw=encode_raw({"accountId": account, "body": kept(raw)}),
        to=account,
        # Its words are not told; who wants them gets them as a file.
        content=Content(media=(Media(type="application/json", reference=address, name="mention.json"),)),
        at=at(time),
        extra={"kind": "mention", **said(mediaId=str(mention.media_id), commentId=str(mention.comment_id))},
    )
