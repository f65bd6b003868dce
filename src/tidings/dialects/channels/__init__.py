"""The channels vocabulary: `<platform>.inbound`, `.outbound` and `.interaction`, and the requests that go with them."""

from tidings.dialects.channels.channels import Channels
from tidings.dialects.channels.interactions import show_interaction
from tidings.dialects.channels.representations import show_message
from tidings.dialects.channels.requests import read_send
from tidings.dialects.channels.subscriptions import patch_subscription, read_subscription, show_subscription

__all__ = [
    "Channels",
    "patch_subscription",
    "read_send",
    "read_subscription",
    "show_interaction",
    "show_message",
    "show_subscription",
]
