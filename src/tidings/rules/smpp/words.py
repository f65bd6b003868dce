"""The numbers of SMPP 3.4 by their names.

Commands, statuses and optional parameters: SMPP Protocol Specification v3.4, 5.1.2, 5.1.3 and 5.3.2.
"""

from enum import IntEnum
from typing import Final

RESPONSE: Final = 0x8000_0000
"""What is added to a request's command to make its response's."""
VERSION: Final = 0x34


class Command(IntEnum):
    """What a PDU asks; its response has RESPONSE added."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x1
    BIND_TRANSMITTER = 0x2
    QUERY_SM = 0x3
    SUBMIT_SM = 0x4
    DELIVER_SM = 0x5
    UNBIND = 0x6
    REPLACE_SM = 0x7
    CANCEL_SM = 0x8
    BIND_TRANSCEIVER = 0x9
    OUTBIND = 0xB
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103


class Status(IntEnum):
    """What a response says came of its request, as far as something particular follows from it."""

    OK = 0x0
    BAD_MESSAGE_LENGTH = 0x1
    BAD_LENGTH = 0x2
    BAD_COMMAND = 0x3
    NOT_BOUND_FOR_THAT = 0x4
    ALREADY_BOUND = 0x5
    SYSTEM_ERROR = 0x8
    BAD_DESTINATION = 0xB
    BIND_FAILED = 0xD
    BAD_PASSWORD = 0xE
    BAD_SYSTEM_ID = 0xF
    QUEUE_FULL = 0x14
    SUBMIT_FAILED = 0x45
    THROTTLED = 0x58
    TEMPORARY = 0x64
    """Of a delivery: the receiver cannot take it now; the other side tries again (ESME_RX_T_APPN)."""
    PERMANENT = 0x65
    """Of a delivery: the receiver will never take it (ESME_RX_P_APPN)."""


BUSY: Final = frozenset({Status.THROTTLED, Status.QUEUE_FULL})
"""Not taken because there is too much of it: the same PDU is sent again, more slowly."""
CREDENTIALS: Final = frozenset({Status.BAD_PASSWORD, Status.BAD_SYSTEM_ID})
"""Of a bind: to try again changes nothing until somebody has changed the settings."""
SLOWLY: Final = frozenset({Status.BIND_FAILED, Status.ALREADY_BOUND})
"""Of a bind: an SMSC that has not noticed yet that the last one is gone says so."""


class Tag(IntEnum):
    """Optional parameters that we write or read."""

    ADDITIONAL_STATUS = 0x1D
    RECEIPTED_ID = 0x1E
    USER_REFERENCE = 0x204
    SAR_REFERENCE = 0x20C
    SAR_TOTAL = 0x20E
    SAR_NUMBER = 0x20F
    INTERFACE_VERSION = 0x210
    NETWORK_ERROR = 0x423
    PAYLOAD = 0x424
    FAILURE_REASON = 0x425
    STATE = 0x427


UDHI: Final = 0x40
"""In `esm_class`: the message begins with a user data header."""
KIND: Final = 0x3C
"""In `esm_class` of a delivery: what kind of message it is; 0: a person's."""
RECEIPT: Final = 0x04
DELIVERY_ACK: Final = 0x08
USER_ACK: Final = 0x10
INTERMEDIATE: Final = 0x20
