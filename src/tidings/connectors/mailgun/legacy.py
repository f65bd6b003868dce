"""Reading the webhooks of before 2018: one event a post, as a flat form, with our user variables among its fields.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/webhooks (legacy payloads)
"""

import msgspec

from tidings.connectors.mail.words import as_json, seconds, text_of
from tidings.connectors.mailgun import tables
from tidings.connectors.mailgun.forms import Form
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.connectors.mailgun.words import target
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Interaction, Receipt, Report, Target, Unknown
from tidings.rules.prefetch import is_machine


def read_legacy(form: Form, settings: MailgunSettings) -> list[Report]:
    """Say what a post of an event means."""
    event = form.get("event")
    if event.startswith(tables.OF_NO_MESSAGE):
        return []
    raw = encode_raw({**{name: msgspec.to_builtins(file.media()) for name, file in form.files}, **form.fields})
    about = _target(form, settings)
    at = seconds(form.get("timestamp"))
    key = f"receipt:{form.get('token')}"
    if stage := tables.STAGES.get(event):
        return [Receipt(about, stage, raw, at=at, key=key)]
    if event in tables.FAILURES:
        stage, reason = _trouble(form).outcome
        return [Receipt(about, stage, raw, at=at, reason=reason, key=key)]
    if deed := tables.DEEDS.get(event):
        agent = text_of(form.get("user-agent"))
        return [
            Interaction(
                f"interaction:{form.get('token')}",
                deed,
                about,
                raw,
                at=at,
                url=text_of(form.get("url")) if deed is Deed.CLICKED else "",
                prefetched=deed in {Deed.OPENED, Deed.CLICKED} and is_machine(agent),
                user_agent=agent,
                sender=about.recipient,
            )
        ]
    return [Unknown(raw, f"Mailgun's event {event!r} is not known.")]


def _target(form: Form, settings: MailgunSettings) -> Target:
    headers = form.headers
    inside = as_json(headers.get("x-mailgun-variables", ""), dict)
    names = (settings.message_variable, settings.hop_variable)
    variables = {name: form.get(name) or str(inside.get(name, "")) for name in names}
    message_id = form.get("Message-Id", "message-id", "Message-ID") or headers.get("message-id", "")
    return target(settings, variables, message_id, form.get("recipient"))


def _trouble(form: Form) -> tables.Trouble:
    code = text_of(form.get("code"))
    dotted = "." in code
    return tables.Trouble(
        word=form.get("reason"),
        code=code,
        enhanced=code if dotted else "",
        text=text_of(form.get("error"), form.get("description"), form.get("notification"), form.get("reason")),
    )
