"""Infobip's statuses and errors, and what follows from each.

Statuses  https://www.infobip.com/docs/developer-resources/api-fundamentals/message-status-codes
Errors    https://www.infobip.com/docs/developer-resources/api-fundamentals/error-code-reference
"""

from typing import Final

from msgspec import Struct

from tidings.model.stages import Cause, Stage

HOUR: Final = 3600.0
MINUTE: Final = 60.0
DUPLICATE: Final = 23
REJECTED: Final = 5
"""The group of what was refused before it was sent."""


class Meaning(Struct, frozen=True):
    """What a status means, and whether the same message may pass later (`after` so many seconds)."""

    stage: Stage
    cause: Cause = Cause.UNKNOWN
    permanent: bool = True
    after: float | None = None


def _refused(cause: Cause, *, permanent: bool = True, after: float | None = None) -> Meaning:
    return Meaning(Stage.FAILED, cause, permanent and after is None, after)


STATUSES: Final[dict[int, Meaning]] = {
    2: Meaning(Stage.SENT),  # DELIVERED_TO_OPERATOR: the handset does not have it yet, or never tells
    3: Meaning(Stage.SENT),  # PENDING_WAITING_DELIVERY
    4: _refused(Cause.BLOCKED),  # UNDELIVERABLE_REJECTED_OPERATOR
    5: Meaning(Stage.DELIVERED),  # DELIVERED_TO_HANDSET
    6: _refused(Cause.ACCOUNT),  # REJECTED_NETWORK: out of coverage, or not set up for the account
    7: Meaning(Stage.SENT),  # PENDING_ENROUTE
    8: _refused(Cause.BAD_ADDRESS),  # REJECTED_PREFIX_MISSING
    9: _refused(Cause.UNREACHABLE, permanent=False),  # UNDELIVERABLE_NOT_DELIVERED
    10: _refused(Cause.OPTED_OUT),  # REJECTED_DND
    11: _refused(Cause.ACCOUNT),  # REJECTED_SOURCE
    12: _refused(Cause.ACCOUNT, permanent=False),  # REJECTED_NOT_ENOUGH_CREDITS
    13: _refused(Cause.ACCOUNT),  # REJECTED_SENDER
    14: _refused(Cause.OPTED_OUT),  # REJECTED_DESTINATION_BLOCKLISTED
    15: Meaning(Stage.EXPIRED, Cause.EXPIRED),  # EXPIRED_EXPIRED
    17: _refused(Cause.ACCOUNT),  # REJECTED_PREPAID_PACKAGE_EXPIRED
    18: _refused(Cause.ACCOUNT),  # REJECTED_DESTINATION_NOT_REGISTERED
    19: _refused(Cause.ACCOUNT),  # REJECTED_ROUTE_NOT_AVAILABLE
    20: _refused(Cause.THROTTLED, after=HOUR),  # REJECTED_FLOODING_FILTER: 20 texts an hour, 6 of them alike
    21: _refused(Cause.PROVIDER, after=MINUTE),  # REJECTED_SYSTEM_ERROR
    23: _refused(Cause.INVALID),  # REJECTED_DUPLICATE_MESSAGE_ID
    24: _refused(Cause.INVALID),  # REJECTED_INVALID_UDH
    25: _refused(Cause.INVALID),  # REJECTED_MESSAGE_TOO_LONG
    26: Meaning(Stage.ACCEPTED),  # PENDING_ACCEPTED
    29: Meaning(Stage.EXPIRED, Cause.EXPIRED),  # EXPIRED_DLR_UNKNOWN: the operator never said
    31: _refused(Cause.PROVIDER, permanent=False),  # UNDELIVERABLE_NOT_SENT
    51: _refused(Cause.BAD_ADDRESS),  # MISSING_TO
    52: _refused(Cause.BAD_ADDRESS),  # REJECTED_DESTINATION
    56: _refused(Cause.INVALID),  # REJECTED_INVALID_NOTIFY_URL
    77: _refused(Cause.INVALID),  # REJECTED_MESSAGE_TEXT_TOO_LONG
    87: _refused(Cause.FILTERED),  # SIGNALS_BLOCKED: in the group of what expired, or of what was rejected
    100: _refused(Cause.PROVIDER, permanent=False),  # UNDELIVERABLE_REJECTED_PLATFORM
}
"""By the status's id."""

GROUPS: Final[dict[int, Meaning]] = {
    0: Meaning(Stage.ACCEPTED),
    1: Meaning(Stage.ACCEPTED),
    2: _refused(Cause.UNKNOWN),
    3: Meaning(Stage.SENT),
    4: Meaning(Stage.EXPIRED, Cause.EXPIRED),
    REJECTED: _refused(Cause.UNKNOWN),
}
"""By the status's group, where its id is one that we do not know: no further than the group surely says."""

_ERRORS: Final[dict[Cause, tuple[int | range, ...]]] = {
    Cause.BAD_ADDRESS: (1, 5, 11, 262, 345, 351, 352, 568, 629, 3041),
    Cause.UNREACHABLE: (
        *(2, 6, 7, 8, 13, 27, 31, 32, 33),
        *(256, 257, 258, 259, 260, 261, 569, 581, 628, 1031, range(1152, 1167)),
    ),
    Cause.BLOCKED: (9, 12, 15, 560, 566, 2049),
    Cause.OPTED_OUT: (573, 603, 2052),
    Cause.FILTERED: (561, 604, 607, 608),
    Cause.THROTTLED: (541, 542, 609, 4103, 4104, 4202),
    Cause.ACCOUNT: (
        *(368, 375, 433, 488, 562, 563, 564, 571, 572, range(577, 581), 594, 597, 601),
        *(2053, 4099),
    ),
    Cause.UNSUPPORTED: (10, 20, 21, 565, 598),
    Cause.INVALID: (71, 323, 355, 4096, 4102),
    Cause.EXPIRED: (4100, 4101),
    Cause.PROVIDER: (
        *(24, 34, 35, 36, 51, range(500, 510), range(1024, 1031)),
        *(range(1281, 1285), range(1536, 1542), range(1792, 1797)),
    ),
}
ERRORS: Final[dict[int, Cause]] = {
    code: cause
    for cause, codes in _ERRORS.items()
    for each in codes
    for code in (each if isinstance(each, range) else (each,))
}
"""Causes by the error's id; whether it is for good, every error says itself."""

ACCOUNT_STATUSES: Final = frozenset({403, 404})
"""HTTP statuses that speak of the account rather than of the message."""
