"""Facebook Messenger, by the Messenger Platform.

Send      https://developers.facebook.com/docs/messenger-platform/reference/send-api   POST /<page id>/messages
Webhooks  https://developers.facebook.com/docs/messenger-platform/webhooks             what happens in conversations,
          signed: hex HMAC-SHA256 of the raw body, and a handshake by GET
Errors    https://developers.facebook.com/docs/messenger-platform/error-codes
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from msgspec.structs import replace

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.messenger.feed import reports_of
from tidings.connectors.messenger.settings import MessengerSettings
from tidings.connectors.meta.api import Api
from tidings.connectors.meta.messaging.checking import refused
from tidings.connectors.meta.messaging.composing import compose
from tidings.connectors.meta.messaging.medium import Medium
from tidings.connectors.meta.messaging.options import Options
from tidings.connectors.meta.messaging.reading import Reader
from tidings.connectors.meta.messaging.recipients import comment_of
from tidings.connectors.meta.messaging.sending import send, send_publicly
from tidings.connectors.meta.messaging.window import check_window
from tidings.connectors.meta.proof import greet, verify
from tidings.connectors.options import read_options
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason

_MEGABYTE = 1024 * 1024

MEDIUM = Medium(
    platform="facebook",
    object="page",
    user_key="fbMessengerId",
    address=re.compile(r"[0-9]{1,40}|(?:user_ref|token):[!-~]{1,500}"),
    longest_text=2000,
    largest={"image": 8 * _MEGABYTE, **dict.fromkeys(("video", "audio", "file"), 25 * _MEGABYTE)},
    button_kinds=frozenset({"postback", "web_url", "phone_number"}),
    types_messages=True,
    tags_messages=True,
)


class Messenger(Connector[MessengerSettings]):
    """One Facebook page.

    People are known by an id that only this page knows them by. A content may take several messages; each is a part of
    the hop.
    """

    name = "messenger"
    label = "Facebook Messenger"
    platforms = ("facebook",)
    documentation = "https://developers.facebook.com/docs/messenger-platform"
    notes = (
        (
            "Subscribe the page to messages, message_deliveries, message_reads, message_reactions, message_echoes,"
            " messaging_postbacks, messaging_optins, messaging_referrals, message_edits and, for comments, feed and"
            " mention."
        ),
        (
            "Messenger tells up to when a person has got or read everything. Which messages that means is exact"
            " only with message_echoes; a channel whose page is not subscribed to them needs the setting echoes off."
        ),
        (
            "People must write first. A message more than 24 hours after their last one is refused, but for utility"
            " templates, replies to comments, and the tag HUMAN_AGENT, which is good for 7 days. A reaction opens"
            " Meta's window as well, of which the hub knows nothing: windowHours 0 leaves the decision to Meta."
        ),
        (
            "A message whose replyTo is a comment is a private reply, of which Meta takes one for each comment;"
            " with the option public it is a comment below it."
        ),
        (
            "The tags CONFIRMED_EVENT_UPDATE, POST_PURCHASE_UPDATE and ACCOUNT_UPDATE are sent as the client asks,"
            " but Meta is said to refuse them since April 2026: use a utility template."
        ),
        "Meta takes 300 texts a second from a page, but only 10 sounds and films.",
    )
    Settings: ClassVar[type[Settings]] = MessengerSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "facebook": Capabilities(
            sends=frozenset({"text", "media", "actions", "cards", "template", "native"}),
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION, Deed.DELETE_REQUEST, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            signature="X-Hub-Signature-256: HMAC-SHA256 of the body with the app secret",
            windowed=True,
            rate_per_second=300,
        )
    }

    @property
    def able(self) -> Capabilities:
        """What it can do; without echoes nobody says when a message went."""
        return replace(self.capabilities[self.platform], unechoed=not self.settings.echoes)

    @property
    def sender(self) -> str:
        """The page's id."""
        return self.settings.page_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Messenger would refuse: kinds, lengths, counts, addresses, options."""
        senders = frozenset({self.settings.page_id})
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, MEDIUM, senders))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; webhooks go where the app is set up to send them."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        options = read_options(outgoing.options, Options)
        check_window(outgoing, MEDIUM, options, self.settings.window_hours)
        api = self._api(outgoing.now)
        if options.public:
            (body,) = compose(outgoing.content, MEDIUM)
            call = api.post("comments", {"message": body["message"]["text"]}, node=comment_of(outgoing, options))
            return (yield from send_publicly(call, outgoing, api.node))
        return (yield from send(outgoing, MEDIUM, api, options))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with the app secret; raise BadSignature if not."""
        verify(callback, [self.settings.app_secret])

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        page = self.settings.page_id
        return Reader(
            name=self.name,
            object=MEDIUM.object,
            ours=frozenset({page}),
            tagged=True,
            change=partial(reports_of, page),
        ).reports(callback.body)

    def handshake(self, callback: Callback) -> Answer | None:
        """Give the challenge back to whoever knows the verify token; None where it is no GET. Raises BadSignature."""
        return greet(callback, self.settings.verify_token)

    def _api(self, now: int) -> Api:
        settings = self.settings
        return Api(
            base_url=settings.base_url,
            version=settings.version,
            node=settings.page_id,
            token=settings.access_token,
            app_secret=settings.app_secret if settings.prove_secret else None,
            now=now,
        )
