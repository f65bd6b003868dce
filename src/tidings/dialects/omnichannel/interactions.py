"""What people did with a message, as the read model shows it.

The published vocabulary has a word for clicks alone, `interaction.click`, and only as a webhook. The fields are called
as they are there; what was done is said in the words that both vocabularies' counts have.
"""

from typing import Any

from tidings.dialects.omnichannel.names import outside, shown_time
from tidings.dialects.omnichannel.payloads import short_url
from tidings.model.events import Event


def show_interaction(event: Event) -> dict[str, Any]:
    """Show what a person, or a machine, did: the common fields, and of the others those that say something."""
    done = event.fact.interaction
    assert done is not None, "an interaction's event says what was done"
    shown: dict[str, Any] = {
        "id": event.id,
        "messageId": event.message,
        "type": done.deed.value,
        "channel": outside(event.platform),
        "occurredOn": shown_time(event.told_at, event.at),
        "prefetched": done.prefetched,
    }
    texts = {
        "url": done.url,
        "shortUrl": short_url(done),
        "linkName": done.link_name,
        "userAgent": done.user_agent,
        "details": done.details,
    }
    shown |= {name: text for name, text in texts.items() if text}
    if done.payload:
        shown["button"] = {"payload": done.payload}
    if done.emoji or done.action:
        shown["reaction"] = {"emoji": done.emoji, "action": done.action}
    return shown
