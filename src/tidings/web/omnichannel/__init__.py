"""The doors of the omnichannel vocabulary: under `/apispaces/{space}`, and under `/cpaas` for the key's own workspace.

Lists are JSON arrays, newest first where they are of messages; where there is more, a `Link` header (RFC 8288) with
`rel="next"` leads on. Every representation has an `ETag`, which `If-Match` may name, and every POST takes an
`Idempotency-Key`.
"""

from tidings.web.omnichannel import batch, interactions, messages, reports, webhooks

__all__ = ["batch", "interactions", "messages", "reports", "webhooks"]
