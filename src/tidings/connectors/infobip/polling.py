"""Asking for reports and inbound messages, where Infobip cannot call the hub.

Reports  https://www.infobip.com/docs/api/channels/sms/logs-and-status-reports/get-outbound-sms-message-delivery-reports
Inbound  https://www.infobip.com/docs/api/channels/sms/inbound-sms/get-inbound-sms-messages

Infobip gives each of them once. So one request is made at a time, and what it gives is told before the next.
"""

from collections.abc import Mapping
from typing import Final

from tidings.connectors.connector import Polled
from tidings.connectors.decoding import read
from tidings.connectors.infobip.reading import reports_in
from tidings.connectors.infobip.sending import problem
from tidings.connectors.infobip.settings import InfobipSettings
from tidings.connectors.infobip.shapes import Results
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

MOST: Final = 1000
"""Items that one answer has at most."""
REPORTS, INBOX = "reports", "inbox"
PATHS: Final[Mapping[tuple[str, str], str]] = {
    (REPORTS, "3"): "/sms/3/reports",
    (REPORTS, "2"): "/sms/1/reports",
    (INBOX, "3"): "/sms/1/inbox/reports",
    (INBOX, "2"): "/sms/1/inbox/reports",
}


def poll(settings: InfobipSettings, place: str, now: int) -> Exchange[Polled]:
    """Ask for the reports, or for the inbox where a place says that it is its turn; raises what a refusal means."""
    here = INBOX if place == INBOX else REPORTS
    url = f"{settings.at(PATHS[here, settings.api_version])}?limit={MOST}"
    reply = yield Call.get(url, accept="application/json", authorization=settings.authorization)
    if not reply.ok:
        raise problem(reply, now)
    results = read(reply.body, Results)
    if results is None:
        raise SendDeferred(Reason(Cause.PROVIDER, "The answer is no list of results.", permanent=False))
    full = len(results.results) >= MOST or (results.pending_message_count or 0) > 0
    following = here if full and results.results else INBOX if here == REPORTS else REPORTS
    return Polled(
        reports=tuple(reports_in(results.results)),
        place=following,
        more=following != REPORTS or here == REPORTS,
    )
