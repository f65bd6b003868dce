"""Instagram: messages, comments and mentions of a professional account.

Send      https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
          POST /<account id>/messages, or with Facebook's login /<page id>/messages
Webhooks  https://developers.facebook.com/docs/instagram-platform/webhooks   conversations, comments and mentions,
          signed: hex HMAC-SHA256 of the raw body, and a handshake by GET
Errors    https://developers.facebook.com/docs/messenger-platform/error-codes
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.instagram.comments import MENTION, answer_to, lookup, reports_of
from tidings.connectors.instagram.renewing import is_due, renew
from tidings.connectors.instagram.settings import InstagramSettings
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
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason, Stage

_MEGABYTE = 1024 * 1024

MEDIUM = Medium(
    platform="instagram",
    object="instagram",
    user_key="instagramId",
    address=re.compile(rf"[0-9]{{1,40}}|{MENTION.pattern}"),
    longest_text=1000,
    in_octets=True,
    largest={"image": 8 * _MEGABYTE, **dict.fromkeys(("video", "audio", "file"), 25 * _MEGABYTE)},
    images_together=10,
    button_kinds=frozenset({"postback", "web_url"}),
)


class Instagram(Connector[InstagramSettings]):
    """One professional Instagram account.

    People are known by an id that only this account knows them by. A mention in public does not say who wrote it: its
    address is the place it stands at.
    """

    name = "instagram"
    label = "Instagram"
    platforms = ("instagram",)
    documentation = "https://developers.facebook.com/docs/instagram-platform"
    notes = (
        (
            "Subscribe the account to messages, messaging_postbacks, messaging_seen, message_reactions,"
            " messaging_referral, comments, live_comments and mentions."
        ),
        (
            "Instagram tells of no delivery: a message is delivered when it is read or answered, or, with the"
            " setting deliveredByEcho, when its echo comes. So sent is the last word on a message that nobody reads."
        ),
        (
            "People must write first, or comment. A message more than 24 hours after their last one is refused, but"
            " for replies to comments, and the tag HUMAN_AGENT, which is good for 7 days. A reaction opens Meta's"
            " window as well, of which the hub knows nothing: windowHours 0 leaves the decision to Meta."
        ),
        (
            "Comments, mentions, story replies and story mentions come in as messages; the kind in their extra"
            " information tells them apart. A message whose replyTo is a comment is a private reply, of which Meta"
            " takes one for each comment within 7 days; with the option public it is a comment below it."
        ),
        (
            "Meta says where the account was mentioned, but neither by whom nor in which words. The sender is"
            " therefore the place, mention:<media>:<comment>; a text sent to it answers there. Its words are had as"
            " the message's file."
        ),
        "The address of a story's picture dies with the story, after about 24 hours.",
        (
            "Meta takes 300 texts a second from an account, but only 10 sounds and films, and 750 private replies"
            " an hour."
        ),
    )
    Settings: ClassVar[type[Settings]] = InstagramSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "instagram": Capabilities(
            sends=frozenset({"text", "media", "actions", "cards", "native"}),
            receipts=False,
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION, Deed.DELETE_REQUEST}),
            inbound=True,
            signature="X-Hub-Signature-256: HMAC-SHA256 of the body with the app secret",
            windowed=True,
            rate_per_second=300,
        )
    }

    @property
    def able(self) -> Capabilities:
        """What it can do; whoever takes echoes for deliveries waits for them."""
        return replace(self.capabilities[self.platform], receipts=self.settings.delivered_by_echo)

    @property
    def sender(self) -> str:
        """The account's id."""
        return self.settings.account_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Instagram would refuse: kinds, lengths, counts, addresses, options."""
        errors = unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, MEDIUM, self._ours))
        if not errors and MENTION.fullmatch(outgoing.to) and outgoing.content.kinds != {"text"}:
            return (FieldError("body", "A mention is answered with a text.", "Unsupported"),)
        return errors

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; webhooks go where the app is set up to send them."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        options = read_options(outgoing.options, Options)
        # Comments and mentions hang on the account, also where messages are sent through its page.
        api, public = self._api(outgoing.now), self._api(outgoing.now, node=self.settings.account_id)
        call = answer_to(outgoing.to, outgoing.content.text, public)
        if call is None and options.public:
            (body,) = compose(outgoing.content, MEDIUM)
            call = api.post("replies", {"message": body["message"]["text"]}, node=comment_of(outgoing, options))
        if call is not None:
            return (yield from send_publicly(call, outgoing, self.sender))
        check_window(outgoing, MEDIUM, options, self.settings.window_hours)
        return replace((yield from send(outgoing, MEDIUM, api, options)), sender=self.sender)

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with one of the app's secrets; raise BadSignature if not."""
        verify(callback, filter(None, (self.settings.app_secret, self.settings.other_app_secret)))

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return Reader(
            name=self.name,
            object=MEDIUM.object,
            ours=self._ours,
            echo=Stage.DELIVERED if self.settings.delivered_by_echo else Stage.SENT,
            change=partial(reports_of, self._ours, self.settings.account_id),
        ).reports(callback.body)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file, without credentials, or with them what a mention says."""
        call = lookup(media.reference, self._api(0, node=self.settings.account_id))
        if call is None:
            return (yield from super().fetch(media, now))
        return (yield call)

    def handshake(self, callback: Callback) -> Answer | None:
        """Give the challenge back to whoever knows the verify token; None where it is no GET. Raises BadSignature."""
        return greet(callback, self.settings.verify_token)

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Refresh the token ten days before its end; one that has ended cannot be refreshed."""
        return renew(self.settings, now) if is_due(self.settings, now) else None

    @property
    def _ours(self) -> frozenset[str]:
        return frozenset(filter(None, (self.settings.account_id, self.settings.page_id)))

    def _api(self, now: int, *, node: str = "") -> Api:
        settings = self.settings
        return Api(
            base_url=settings.origin,
            version=settings.version,
            node=node or settings.page_id or settings.account_id,
            token=settings.access_token,
            app_secret=settings.app_secret if settings.prove_secret else None,
            now=now,
        )
