"""Where unsubscribe links lead: a page for people, and one click for mail programs (RFC 8058).

A `GET` changes nothing, because programs that look through mail follow every link. A link says all by itself: nobody is
asked to log in, to write an address, or why. One that is not ours leads nowhere, and names nobody.
"""

from email.utils import parseaddr
from html import escape
from typing import Final

from msgspec import Struct

from tidings.connectors.mail.forms import read_fields
from tidings.flow.look import message_in
from tidings.flow.receive import receive
from tidings.flow.unsubscribing import MAIL, proven, unsubscribe
from tidings.flow.world import World
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback
from tidings.model.messages import Life, Message
from tidings.model.workspaces import Channel
from tidings.rules.addresses import email
from tidings.rules.unsubscribing import ONE_CLICK, Unsubscribing, read_token
from tidings.web.door import Page, Visit, route
from tidings.web.mail import claiming
from tidings.web.people.pages import paragraph, people_page
from tidings.web.people.texts import TEXTS, Texts, language_of
from tidings.web.people.visitors import follower_of

LONGEST_NAME: Final = 200
"""Characters of a sender's name that are shown."""

_FORM: Final = """<form method="post">
<input type="hidden" name="{name}" value="{value}">
<button type="submit">{button}</button>
</form>
"""


class _Followed(Struct, frozen=True):
    """A link of ours."""

    whose: Unsubscribing
    callback: Callback
    channel: Channel | None
    """The channel whose own link it is; None where it is the hub's."""


@route(
    "GET",
    "/u/{token}",
    auth="none",
    scope=None,
    group="links",
    summary="The page that an unsubscribe link leads to; it changes nothing",
    gives={200: "A page with a button.", 404: "A page: the link is none of ours."},
)
async def ask(visit: Visit) -> Page:
    """Say what would happen to whom, and show the button."""
    followed = _followed(visit)
    return _lost(visit) if followed is None else await _page(visit, followed.whose, done=False)


@route(
    "POST",
    "/u/{token}",
    auth="none",
    scope=None,
    group="links",
    summary="Unsubscribe with one click",
    takes="The form field `List-Unsubscribe=One-Click`, urlencoded or multipart.",
    gives={200: "It is on disk.", 404: "The link is none of ours."},
)
async def take(visit: Visit) -> Page:
    """Take an unsubscription; it is on disk before it is answered."""
    followed = _followed(visit)
    if followed is None:
        return _lost(visit)
    world, whose = visit.world, followed.whose
    done = _is_meant(visit)
    if done and followed.channel is not None:
        await receive(world, followed.channel, followed.callback)
    elif done:
        await unsubscribe(world, whose, follower_of(visit, whose.workspace))
    return await _page(visit, whose, done=done)


def _followed(visit: Visit) -> _Followed | None:
    """Find whose link it is: the hub's own, or that of a channel which seals its own. None where it is nobody's."""
    world, token = visit.world, visit.params["token"]
    whose = read_token(token)
    if whose is None:
        return None
    callback = Callback(
        method="POST",
        url="door:unsubscribe",
        headers={"unsubscribe-token": token, "user-agent": follower_of(visit, whose.workspace).agent},
        body=visit.body,
        received_at=world.clock.now(),
    )
    if proven(world, token) is not None:
        return _Followed(whose, callback, None)
    channel = next(claiming(world, callback, whose.workspace), None)
    return None if channel is None else _Followed(whose, callback, channel)


def _is_meant(visit: Visit) -> bool:
    """Whether the form says what a click says."""
    posted = Callback(method="POST", url="", headers=visit.headers, body=visit.body, received_at=0)
    name, value = ONE_CLICK
    try:
        pairs = read_fields(posted, "A mail program").pairs
    except Unreadable:
        return False
    return (name, value.encode()) in pairs


async def _page(visit: Visit, whose: Unsubscribing, *, done: bool) -> Page:
    language, texts = _language(visit)
    names = {"sender": await _sender(visit, whose), "whom": _whom(whose, texts)}
    if done:
        body = f"<p>{texts.done_more.format(**names)}</p>\n{paragraph(texts.close)}"
        return people_page(200, language, texts.done, body)
    name, value = ONE_CLICK
    form = _FORM.format(name=name, value=value, button=escape(texts.button))
    body = f"<p>{texts.ask_more.format(**names)}</p>\n{form}<p><small>{escape(texts.ask_small)}</small></p>"
    return people_page(200, language, texts.ask, body)


def _lost(visit: Visit) -> Page:
    language, texts = _language(visit)
    return people_page(404, language, texts.lost, paragraph(texts.lost_more))


def _language(visit: Visit) -> tuple[str, Texts]:
    language = language_of(visit.headers.get("accept-language", ""))
    return language, TEXTS[language]


async def _sender(visit: Visit, whose: Unsubscribing) -> str:
    """Name who sent the mail, as its reader knows them; the workspace, where nobody knows that any more."""
    world = visit.world
    standing = await world.store.read(message_in(whose.workspace, whose.message))
    name, address = ("", "") if standing is None else _from(world, standing.message, standing.life)
    workspace = world.directory.workspaces.get(whose.workspace)
    shown = _plain(name or ("" if address else workspace.name if workspace else "?"))
    where = _plain(address)
    if shown and where:
        return f"<b>{escape(shown)}</b> ({escape(where)})"
    return f"<b>{escape(shown or where)}</b>"


def _from(world: World, message: Message, life: Life) -> tuple[str, str]:
    """Say who a mail was from, name and address: who was asked for, else its channel's own sender."""
    hop = next((each for each in reversed(life.hops) if each.platform == MAIL), None)
    channel = world.directory.channels.get(hop.channel) if hop is not None else None
    own = str(channel.settings.get("sender", "")) if channel is not None else ""
    asked = message.options.get(MAIL, {}).get("from")
    name, address = parseaddr(message.sender or (asked if isinstance(asked, str) else "") or own)
    own_name, own_address = parseaddr(own)
    if not name and address == own_address:
        name = own_name
    return message.sender_name or name, address


def _whom(whose: Unsubscribing, texts: Texts) -> str:
    """Say whom the link means: the address in it, which is the reader's own."""
    try:
        return f"<b>{escape(email(whose.address))}</b>"
    except ValueError:
        return escape(texts.you)


def _plain(text: str) -> str:
    """Make one line of a text, without what turns letters round or hides them."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_NAME].strip()
