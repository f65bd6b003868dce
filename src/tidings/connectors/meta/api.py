"""The Graph API, as one phone number, page or account reaches it."""

from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from tidings.connectors.meta.proof import app_proof
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call
from tidings.model.secrets import Secret
from tidings.model.stages import Reason


class Api(Struct, frozen=True, kw_only=True):
    """Where something of Meta's is, and what proves who asks for it; `now` is in milliseconds."""

    base_url: str
    version: str
    node: str
    """The id that requests are made for."""
    token: Secret
    app_secret: Secret | None = None
    """Where every request is to be proven with it."""
    now: int = 0

    def post(self, door: str, body: Any, *, node: str = "") -> Call:
        """A POST of JSON."""
        return Call.post(self.url(door, node=node), json=body, authorization=self.authorization)

    def get(self, **fields: str) -> Call:
        """A GET of the node itself."""
        return Call.get(self.url("", **fields), authorization=self.authorization)

    def url(self, door: str, *, node: str = "", **fields: str) -> str:
        """Where something of a node is."""
        url = "/".join(filter(None, (self.base_url.rstrip("/"), self.version, node or self.node, door)))
        if self.app_secret is not None:
            fields["appsecret_proof"] = app_proof(self.app_secret, self.token)
        return f"{url}?{urlencode(fields)}" if fields else url

    @property
    def authorization(self) -> str:
        """The header that proves who we are."""
        return f"Bearer {self.token.reveal()}"


def broken_off(trouble: SendFailed | SendDeferred | NoReply, told: str) -> SendFailed | NoReply:
    """What trouble means once some of several messages are taken: the whole may not be sent again."""
    if isinstance(trouble, NoReply):
        return NoReply(told + trouble.why, taken=True, error=trouble.error)
    reason = trouble.reason
    data = trouble.data if isinstance(trouble, SendFailed) else None
    return SendFailed(Reason(reason.cause, told + reason.text, reason.code), data)
