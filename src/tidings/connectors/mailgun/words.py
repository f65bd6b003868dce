"""What both generations of webhooks say in the same way: which message is meant."""

from collections.abc import Mapping

from tidings.connectors.mail.words import bare, hop_of, text_of
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.model.reports import Target


def target(settings: MailgunSettings, variables: Mapping[str, str], message_id: str, recipient: str) -> Target:
    """Say which message is meant, by all that came along of it."""
    return Target(
        message=text_of(variables.get(settings.message_variable)),
        hop=hop_of(variables.get(settings.hop_variable, "")),
        reference=bare(message_id),
        recipient=text_of(recipient),
    )
