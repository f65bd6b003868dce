"""Where unsubscribe links lead: a page for people, and one click for mail programs (RFC 8058).

A `GET` changes nothing, because programs that look through mail follow every link. Whoever has a link that is not ours
sees the same as everybody else, so nobody learns here what exists.
"""

from html import escape
from typing import Final

from tidings.connectors.mail.forms import read_fields
from tidings.flow.receive import receive
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback
from tidings.rules.addresses import email
from tidings.rules.unsubscribing import ONE_CLICK, read_token
from tidings.web.door import Page, Visit, route
from tidings.web.mail import claiming

HTML: Final = "text/html; charset=utf-8"
HEADERS: Final = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
)
"""The page runs nothing, tells nobody whence one comes, and stands in no frame."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.05rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 15vh auto; padding: 0 1.5rem }}
  h1 {{ font-size: 1.4rem }}
  button {{ font: inherit; font-weight: 600; padding: .7rem 1.4rem; border: 0; border-radius: .5rem;
    background: #1a56c4; color: #fff; cursor: pointer }}
  button:focus-visible {{ outline: 3px solid #8ab4ff; outline-offset: 2px }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""
_QUESTION: Final = """<p>{whom} will get no more e-mails of this kind from the sender of the message you came from.</p>
<form method="post">
<input type="hidden" name="{name}" value="{value}">
<button type="submit">Unsubscribe</button>
</form>
<p><small>If you did not mean to come here, close this page: nothing has changed.</small></p>"""
_DONE: Final = """<p>{whom} will get no more e-mails of this kind. One that is already on its way may still come.</p>
<p>You can close this page.</p>"""


@route(
    "GET",
    "/u/{token}",
    auth="none",
    scope=None,
    group="links",
    summary="The page that an unsubscribe link leads to; it changes nothing",
    gives={200: "A page with a button."},
)
async def ask(visit: Visit) -> Page:
    """Show the page with the button, whatever the token is."""
    name, value = ONE_CLICK
    body = _QUESTION.format(whom=_whom(visit.params["token"]), name=name, value=value)
    return _page("Unsubscribe?", body)


@route(
    "POST",
    "/u/{token}",
    auth="none",
    scope=None,
    group="links",
    summary="Unsubscribe with one click",
    takes="The form field `List-Unsubscribe=One-Click`, urlencoded or multipart.",
    gives={200: "It is on disk; or the link is none of ours, which is not told."},
)
async def unsubscribe(visit: Visit) -> Page:
    """Take an unsubscription; it is on disk before it is answered."""
    world, token = visit.world, visit.params["token"]
    callback = Callback(
        method="POST",
        url="door:unsubscribe",
        headers={"unsubscribe-token": token, "user-agent": visit.headers.get("user-agent", "")},
        body=visit.body,
        received_at=world.clock.now(),
    )
    if not _is_meant(visit):
        return await ask(visit)
    whose = read_token(token)
    if whose is not None:
        channel = next(claiming(world, callback, whose.workspace), None)
        if channel is not None:
            await receive(world, channel, callback)
    return _page("You are unsubscribed", _DONE.format(whom=_whom(token)))


def _is_meant(visit: Visit) -> bool:
    """Whether the form says what a click says."""
    posted = Callback(method="POST", url="", headers=visit.headers, body=visit.body, received_at=0)
    name, value = ONE_CLICK
    try:
        pairs = read_fields(posted, "A mail program").pairs
    except Unreadable:
        return False
    return (name, value.encode()) in pairs


def _whom(token: str) -> str:
    """Say whom a link means, as far as it says so: the address is the reader's own, and proves nothing."""
    whose = read_token(token)
    try:
        return f"<b>{escape(email(whose.address))}</b>" if whose is not None else "You"
    except ValueError:
        return "You"


def _page(title: str, body: str) -> Page:
    return Page(200, _PAGE.format(title=title, body=body).encode(), HEADERS, HTML)
