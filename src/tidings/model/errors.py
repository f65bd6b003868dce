"""What can go wrong, by who can act on it."""

from msgspec import Raw, Struct

from tidings.model.stages import Cause, Reason


class FieldError(Struct, frozen=True):
    """One thing wrong with a request: where, and what."""

    path: str
    message: str
    code: str = "invalid"


class TidingsError(Exception):
    """Any error of ours."""


class Refused(TidingsError):
    """The caller asked for something that cannot be done: `status` and `errors` tell them what."""

    def __init__(self, detail: str, *, status: int = 400, errors: tuple[FieldError, ...] = (), kind: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.errors = errors
        self.kind = kind


class SendFailed(TidingsError):
    """The provider refused the message; `data` is its own words."""

    def __init__(self, reason: Reason, data: Raw | None = None) -> None:
        super().__init__(reason.text)
        self.reason = reason
        self.data = data


class SendDeferred(TidingsError):
    """The provider cannot take it now and certainly has not taken it.

    `after` is in seconds, None where the provider names no time; `channel_wide` slows the whole channel; `stale` says
    that the credentials are used up, and a connector that can renew them is asked to.
    """

    def __init__(
        self, reason: Reason, *, after: float | None = None, channel_wide: bool = False, stale: bool = False
    ) -> None:
        super().__init__(reason.text)
        self.reason = reason
        self.after = after
        self.channel_wide = channel_wide
        self.stale = stale


class NoReply(TidingsError):
    """No answer came to a call; `taken` says whether the request may have reached the other side."""

    def __init__(self, why: str, *, taken: bool, error: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.taken = taken
        self.error = error
        """`connect`, `dns`, `tls`, `timeout`, `reset`, `too-large`, `redirects`, `url` or `refused-address`."""


class BadSignature(TidingsError):
    """A callback is not proven to be the provider's."""


class Unreadable(TidingsError):
    """A callback that is the provider's cannot be read at all."""


class Misconfigured(TidingsError):
    """The operator must change something: a setting, a key."""


def uncertain(why: str) -> Reason:
    """The reason of a hop whose fate nobody knows."""
    return Reason(Cause.UNCERTAIN, why or "The provider may have taken it.", permanent=True)
