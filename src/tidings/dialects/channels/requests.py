"""Requests to send a message.

Unknown fields are refused, since a misspelt one would be lost in silence; except within a body's content, where one
platform's decorations come along, and these, which another hub acts on and we have nothing for: `notification`,
`capFrequency`, `ignoreQuietHours`, `ignoreGlobalHoldout`, and what a contact says besides its identifier.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tidings.dialects.channels.bodies import check_letterhead, is_one_line, read_body, read_template
from tidings.dialects.channels.shapes import Letterhead, TemplateBody
from tidings.dialects.channels.vocabulary import SERVICE, is_said
from tidings.dialects.reading import Problems, read_json
from tidings.model.content import Content
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import Refused
from tidings.model.messages import Route
from tidings.model.platforms import PLATFORMS, platform
from tidings.model.workspaces import Channel

MOST_TAGS: Final = 10

TYPES: Final = ("to", "cc", "bcc")
"""How an e-mail reaches a recipient."""

_LONGEST_VALIDITY: Final = 30 * 24 * 3600
"""Thirty days, in seconds."""

_ONE_LINE: Final = "This is one line of text."

_ELSEWHERE: Final = frozenset({"phonenumber", "emailaddress"})
"""Identifiers of which one certainly does not reach anybody where the other is needed."""


class _Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Something of the vocabulary's requests."""


class _Contact(_Wire, frozen=True):
    id: str = ""
    identifier_key: str = ""
    identifier_value: str = ""
    type: str = "to"
    identifiers: Any = None
    platform_address: Any = None
    platform_address_selector: Any = None
    annotations: Any = None
    country_code: Any = None


class _Receiver(_Wire, frozen=True):
    contacts: tuple[_Contact, ...]


class _Annotations(_Wire, frozen=True):
    name: str = ""


class _Connector(_Wire, frozen=True):
    identifier_value: str = ""
    annotations: _Annotations = _Annotations()
    id: Any = None


class _Sender(_Wire, frozen=True):
    connector: _Connector = _Connector()


class _Email(Letterhead, frozen=True, forbid_unknown_fields=True):
    """The letterhead where it stands by itself, so that a misspelt subject is not lost."""


class _Meta(_Wire, frozen=True):
    extra_information: dict[str, Raw] | UnsetType = UNSET
    email: _Email = _Email()


class _ReplyTo(_Wire, frozen=True):
    id: str
    type: str = ""
    order: int | None = None


class _Context(_Wire, frozen=True):
    """What a message is part of, said again with its interactions."""

    id: str = ""
    type: str = ""
    tags: tuple[str, ...] = ()


class _Send(_Wire, frozen=True):
    receiver: _Receiver
    sender: _Sender = _Sender()
    reference: str = ""
    body: Raw = Raw()
    template: TemplateBody | None = None
    meta: _Meta = _Meta()
    reply_to: _ReplyTo | None = None
    enable_link_tracking: bool | None = None
    tags: tuple[str, ...] = ()
    transactional: bool = False
    """Also to those who have unsubscribed; this word and the next are ours."""
    require_opt_in: bool = False
    context: _Context | None = None
    validity: int | None = None
    """Seconds."""
    conversation_id: str = ""
    """Of in-app messaging: the conversation it is said in; a word of ours too."""
    notification: Any = None
    cap_frequency: Any = None
    ignore_quiet_hours: Any = None
    ignore_global_holdout: Any = None


def read_send(body: bytes, *, channel: Channel, now: int) -> Draft:
    """Read a request to send a message over a channel; `now` is in milliseconds.

    Raises Refused with status 422: a request of the wrong shape with the first misfit, one of the right shape with
    everything that is wrong in it.
    """
    asked = read_json(body, _Send, status=422)
    problems = Problems()
    to = _addressees(asked.receiver.contacts, channel.platform, problems)
    content = _content(asked, channel.platform, problems)
    _check_rest(asked, problems)
    if problems.errors:
        raise Refused("The message cannot be taken as it is.", status=422, errors=tuple(problems.errors))
    extra = asked.meta.extra_information
    return Draft(
        dialect=SERVICE,
        to=to,
        routes=(Route(platform=channel.platform, channel=channel.id),),
        content=content,
        sender=asked.sender.connector.identifier_value,
        sender_name=asked.sender.connector.annotations.name,
        reference=asked.reference,
        metadata=None if extra is UNSET else Raw(msgspec.json.encode(extra)),
        tags=asked.tags,
        reply_to=asked.reply_to.id if asked.reply_to else "",
        conversation=asked.conversation_id,
        expires_at=None if asked.validity is None else now + asked.validity * 1000,
        transactional=asked.transactional,
        require_opt_in=asked.require_opt_in,
        track_links={None: "", True: "on", False: "off"}[asked.enable_link_tracking],
        request=Raw(body),
    )


def _addressees(contacts: tuple[_Contact, ...], where: str, problems: Problems) -> tuple[Addressee, ...]:
    path = "receiver.contacts"
    if not contacts:
        problems.add(path, "At least one contact is needed.", "required")
    if len(contacts) > 1 and where in PLATFORMS and where != "email":
        problems.add(path, f"A message on {where} is for one contact.", "too-many")
    if where == "email" and contacts and not any(each.type == "to" for each in contacts):
        problems.add(path, "At least one contact of type `to` is needed.", "required")
    return tuple(_addressee(each, f"{path}[{index}]", where, problems) for index, each in enumerate(contacts))


def _addressee(contact: _Contact, path: str, where: str, problems: Problems) -> Addressee:
    needed = platform(where).identifier
    key = contact.identifier_key or needed
    if not is_one_line(contact.identifier_value):
        problems.add(f"{path}.identifierValue", _ONE_LINE)
    if not contact.id and not contact.identifier_value.strip():
        problems.add(path, "Either `id` or `identifierValue` says who it is.", "required")
    if {key, needed} == _ELSEWHERE:
        problems.add(f"{path}.identifierKey", f"Nobody is reached by {key} on {where}.", "misplaced")
    if contact.type not in TYPES or (contact.type != "to" and where != "email" and where in PLATFORMS):
        problems.add(f"{path}.type", "A type is `to`; on email also `cc` or `bcc`.", "unknown")
    value = contact.identifier_value.strip()
    return Addressee(contact=contact.id, addresses={key: value} if value else {}, type=contact.type)


def _content(asked: _Send, where: str, problems: Problems) -> Content:
    check_letterhead(asked.meta.email, "meta.email", problems)
    if is_said(asked.body) == (asked.template is not None):
        problems.add("body", "Either `body` or `template` says what is sent.", "required")
        return Content()
    if asked.template is not None:
        content = read_template(asked.template, problems)
    else:
        content = read_body(asked.body, platform=where, problems=problems)
    email = asked.meta.email
    return msgspec.structs.replace(
        content, title=email.subject or content.title, headers={**content.headers, **email.headers}
    )


def _check_rest(asked: _Send, problems: Problems) -> None:
    connector = asked.sender.connector
    for path, text in (
        ("reference", asked.reference),
        ("conversationId", asked.conversation_id),
        ("sender.connector.identifierValue", connector.identifier_value),
        ("sender.connector.annotations.name", connector.annotations.name),
        *((f"tags[{index}]", tag) for index, tag in enumerate(asked.tags)),
    ):
        if not is_one_line(text):
            problems.add(path, _ONE_LINE)
    if len(asked.tags) > MOST_TAGS or not all(asked.tags):
        problems.add("tags", f"At most {MOST_TAGS} tags, none of them empty.")
    if asked.validity is not None and not 0 < asked.validity <= _LONGEST_VALIDITY:
        problems.add("validity", f"A validity is from 1 to {_LONGEST_VALIDITY} seconds.")
    if asked.reply_to is not None and not asked.reply_to.id:
        problems.add("replyTo.id", "This field is required.", "required")
