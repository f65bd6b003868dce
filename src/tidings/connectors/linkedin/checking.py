"""What LinkedIn would refuse, or its terms forbid, found before anything is sent."""

import msgspec

from tidings.connectors.checking import Errors
from tidings.connectors.connector import Outgoing
from tidings.connectors.linkedin.composing import NATIVE, compose, thread_for
from tidings.connectors.linkedin.settings import LinkedInSettings, Options
from tidings.connectors.linkedin.urns import PERSON, THREAD
from tidings.connectors.options import misread, read_options
from tidings.model.errors import FieldError

BY_AN_AGENT = "origin:agent"
"""The tag that says the same as the option, for the vocabulary that has no options."""


def refused(outgoing: Outgoing, settings: LinkedInSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    if "messages_v2" not in settings.drivers:
        yield FieldError(
            "body", f"This channel only hears: its drivers are {', '.join(settings.drivers)}.", "Unsupported"
        )
        return
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    yield from _origin(outgoing, options, settings)
    yield from _addresses(outgoing, options, settings)
    yield from _written(outgoing, options, settings)


def _origin(outgoing: Outgoing, options: Options, settings: LinkedInSettings) -> Errors:
    by_agent = options.origin == "agent" or (not options.origin and BY_AN_AGENT in outgoing.tags)
    if settings.agents_only and not by_agent:
        yield FieldError(
            "options.origin",
            f"LinkedIn takes only what a person sends by their own action: say agent, or add the tag {BY_AN_AGENT}.",
            "Forbidden",
        )


def _addresses(outgoing: Outgoing, options: Options, settings: LinkedInSettings) -> Errors:
    if options.thread and not THREAD.fullmatch(options.thread):
        yield FieldError("options.thread", "A conversation is named as urn:li:messagingThread:6603.", "Invalid")
    elif not (thread_for(outgoing, options) or PERSON.fullmatch(outgoing.to)):
        yield FieldError(
            "to", "Write a member as urn:li:person:hUbM3mb3r; anybody else is only answered in their thread.", "Invalid"
        )
    if outgoing.sender not in ("", settings.member):
        yield FieldError("sender", "The sender is the member that the channel's token is of.", "Invalid")


def _written(outgoing: Outgoing, options: Options, settings: LinkedInSettings) -> Errors:
    native = NATIVE in outgoing.content.native
    try:
        message = compose(outgoing, options, settings)
    except (ValueError, TypeError, RecursionError) as error:
        yield FieldError("body.native" if native else "body", str(error), "Invalid")
        return
    for field, path, limit in (
        ("body", "body.native.body" if native else "body.text", settings.longest_text),
        ("subject", "body.native.subject" if native else "title", settings.longest_subject),
    ):
        if len(message.get(field, "")) > limit:
            yield FieldError(path, f"At most {limit} characters.", "TooLong")
