"""How long things are kept."""

from tidings.model.messages import Life, Message


def is_over(message: Message, life: Life, before: int) -> bool:
    """Whether a message and the last that happened to it are older than a time, and no timer of it is due any more."""
    return message.created_at < before and life.updated_at < before and life.due_at is None
