"""Writing a message in LinkedIn's words.

Messages https://learn.microsoft.com/en-us/linkedin/shared/integrations/communications/messages
"""

from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.linkedin.settings import LinkedInSettings, Options
from tidings.connectors.linkedin.urns import thread_of

NATIVE = "linkedin"
"""The platform whose native bodies are ours."""


class _Native(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """The client's own message; whom it is for is said by the message around it."""

    body: str
    subject: str = ""
    message_type: str = ""
    attachments: tuple[str, ...] = ()
    """URNs of files that are at LinkedIn already."""


def compose(outgoing: Outgoing, options: Options, settings: LinkedInSettings) -> dict[str, Any]:
    """Write the message: into its thread where that is known, else to the person; raises ValueError."""
    thread = thread_for(outgoing, options)
    addressed: dict[str, Any] = {"thread": thread} if thread else {"recipients": [outgoing.to]}
    content = outgoing.content
    if NATIVE in content.native:
        said = msgspec.json.decode(content.native[NATIVE], type=_Native)
    else:
        said = _Native(body=content.text, subject=content.title)
    if not said.body.strip():
        raise ValueError("A message says something.")
    typed = {"messageType": settings.message_type} if settings.message_type else {}
    return {**addressed, **typed, **msgspec.to_builtins(said)}


def thread_for(outgoing: Outgoing, options: Options) -> str:
    """Find the thread that a message belongs into; empty where it begins one, or LinkedIn is to find it."""
    return thread_of(outgoing.reply_to) or options.thread
