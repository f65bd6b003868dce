"""What Apple would refuse, found before anything is sent."""

import re
from collections.abc import Sequence

import msgspec

from tidings.connectors.apple_messages.composing import NATIVE, PLACE, compose
from tidings.connectors.apple_messages.media import LARGEST, is_here, octets_of
from tidings.connectors.apple_messages.settings import AppleSettings, Options
from tidings.connectors.checking import Errors, again, linked
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.model.content import Action, Content, Listing, Media
from tidings.model.errors import FieldError

PERSON = re.compile(r"urn:mbid:[!-~]{1,246}")
"""A person's opaque id, which is another one for every business."""


def refused(outgoing: Outgoing, settings: AppleSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    if not PERSON.fullmatch(outgoing.to):
        yield FieldError(
            "to", "A person is known by an opaque id as urn:mbid:AQAA…, once they have written.", "Invalid"
        )
    if outgoing.sender not in ("", settings.business_id):
        yield FieldError("sender", "The sender is the channel's own business id.", "Invalid")
    content = outgoing.content
    wrong = [] if NATIVE in content.native else list(_content(content))
    yield from wrong
    if not wrong:
        try:
            compose(content, options)
        except (ValueError, TypeError, RecursionError) as error:
            yield FieldError("body.native", str(error), "Invalid")


def _content(content: Content) -> Errors:
    if PLACE in content.text:
        yield FieldError("body.text", "The character U+FFFC stands for a file, and for nothing else.", "Invalid")
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media)
    if content.listing and content.actions:
        yield FieldError("body.actions", "A message has replies or a list, not both.", "Unsupported")
    elif content.listing:
        yield from _listing(content.listing)
    else:
        yield from _actions(content, content.actions)


def _media(path: str, media: Media) -> Errors:
    size = media.size or 0
    if is_here(media):
        try:
            size = len(octets_of(media))
        except ValueError:
            yield FieldError(f"{path}.data", "Files other than text are written in base64.", "Invalid")
    elif not media.url.startswith(("https://", "http://")):
        yield FieldError(f"{path}.url", "There is no file: give data, or a link that starts with https://.", "Missing")
    if size > LARGEST:
        yield FieldError(f"{path}.size", f"At most {LARGEST} octets.", "TooLong")
    if PLACE in media.caption:
        yield FieldError(f"{path}.caption", "The character U+FFFC stands for a file, and for nothing else.", "Invalid")


def _listing(listing: Listing) -> Errors:
    if not listing.choices:
        yield FieldError("body.listing.choices", "A list has at least one choice.", "Missing")
    seen: set[str] = set()
    for index, choice in enumerate(listing.choices):
        path = f"body.listing.choices[{index}]"
        for name, value in (("id", choice.id), ("title", choice.title)):
            if not value:
                yield FieldError(f"{path}.{name}", "This must not be empty.", "Missing")
        yield from again(f"{path}.id", choice.id, seen)


def _actions(content: Content, actions: Sequence[Action]) -> Errors:
    kinds = {action.kind for action in actions}
    for kind in sorted(kinds - {"reply", "link"}):
        yield FieldError("body.actions", f"There is no button for {kind}.", "Unsupported")
    if "reply" in kinds and not (content.text or content.title):
        yield FieldError("body.text", "Replies stand below a text.", "Missing")
    seen: set[str] = set()
    for index, action in enumerate(actions):
        path = f"body.actions[{index}]"
        if not action.label:
            yield FieldError(f"{path}.label", "This must not be empty.", "Missing")
        if action.kind == "link":
            yield from linked(f"{path}.url", action.url)
        if action.kind == "reply":
            yield from again(f"{path}.payload", action.payload or action.label, seen)
