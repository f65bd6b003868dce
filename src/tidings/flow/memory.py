"""The messages that were seen last."""

from collections import OrderedDict
from collections.abc import Iterable

from tidings.model.messages import Message

REMEMBERED = 20_000
"""How many messages are remembered between batches, so that a receipt soon after the sending reads one row less."""


class Memory:
    """The messages seen last; a message never changes, so what is remembered is true until it is redacted."""

    def __init__(self) -> None:
        # A plain dict walks over all that was taken from its front to find what is first now.
        self._messages: OrderedDict[str, Message] = OrderedDict()

    def __getitem__(self, message: str) -> Message | None:
        return self._messages.get(message)

    def keep(self, messages: Iterable[Message]) -> None:
        """Remember messages, and forget the oldest where there are too many."""
        kept = self._messages
        for message in messages:
            kept[message.id] = message
        while len(kept) > REMEMBERED:
            kept.popitem(last=False)

    def forget(self, message: str) -> None:
        """Forget one message."""
        self._messages.pop(message, None)
