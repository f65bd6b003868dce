"""The window: how long after a person's last word they may be written to.

Policy https://developers.facebook.com/docs/messenger-platform/policy/policy-overview
"""

from tidings.connectors.connector import Outgoing
from tidings.connectors.meta.messaging.medium import HOUR, HUMAN_AGENT, HUMAN_WINDOW, Medium
from tidings.connectors.meta.messaging.options import Options
from tidings.connectors.meta.messaging.recipients import comment_of
from tidings.model.errors import SendFailed
from tidings.model.stages import Cause, Reason


def check_window(outgoing: Outgoing, medium: Medium, options: Options, hours: float) -> None:
    """Raise SendFailed where the window is known to be closed; where nobody knows, Meta decides.

    Templates, comments and other tags are not bound to it, and who writes Meta's own words is bound to those.
    """
    content = outgoing.content
    human = options.message_tag == HUMAN_AGENT
    free = bool(options.message_tag) and not human
    free = free or options.messaging_type == "UTILITY" or bool(options.post_id or comment_of(outgoing, options))
    free = free or content.template is not None or medium.platform in content.native
    if outgoing.heard_at is None or free or not hours:
        return
    length = HUMAN_WINDOW if human else round(hours * HOUR)
    if outgoing.now - outgoing.heard_at > length:
        told = "7 days" if human else f"{hours:g} hours"
        raise SendFailed(Reason(Cause.WINDOW, f"The person last wrote more than {told} ago."))
