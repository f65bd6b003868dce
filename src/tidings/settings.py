"""What an operator may set, each by one environment variable."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tidings.model.errors import Misconfigured

PREFIX = "TIDINGS_"


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one hub process; the environment variable is the field's name in capitals, after `TIDINGS_`."""

    database_url: Annotated[
        str,
        Meta(description="postgresql://… for PostgreSQL; sqlite:///path for one file; empty: tidings.db in data_dir."),
    ] = ""
    data_dir: Annotated[Path, Meta(description="Where the SQLite file and the generated secret key are kept.")] = Path(
        "var"
    )
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0: any free one.")] = 8080
    public_url: Annotated[
        str, Meta(description="How providers reach this hub, without a slash at the end; signatures are made over it.")
    ] = ""
    root_key: Annotated[str, Meta(description="The key that may do everything; empty: made at the first start.")] = ""
    secret_keys: Annotated[
        str,
        Meta(description="Fernet keys, newest first, separated by commas; empty: one is made and kept in data_dir."),
    ] = ""
    max_body: Annotated[int, Meta(ge=1024, description="Largest request body, octets.")] = 1 * 2**20
    max_batch_body: Annotated[int, Meta(ge=1024, description="Largest body of a batch, octets.")] = 10 * 2**20
    max_callback_body: Annotated[int, Meta(ge=1024, description="Largest callback of a provider, octets.")] = 32 * 2**20
    provider_timeout: Annotated[float, Meta(gt=0, description="Seconds a provider has to answer a call.")] = 30.0
    webhook_timeout: Annotated[float, Meta(gt=0, description="Seconds an endpoint has to answer a webhook.")] = 10.0
    webhook_concurrency: Annotated[int, Meta(ge=1, description="Webhooks under way at once to one subscription.")] = 32
    send_concurrency: Annotated[int, Meta(ge=1, description="Calls under way at once to one channel's provider.")] = 50
    allow_networks: Annotated[
        str,
        Meta(
            description="Networks of your own that requests may go to beside public addresses, separated by commas; "
            "127.0.0.0/8, ::1/128 for this machine."
        ),
    ] = ""
    allow_http: Annotated[
        bool, Meta(description="Whether plain http may go to public addresses; to networks of your own it may always.")
    ] = False
    mail_port: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(description="Port to take mail on, for channels that mail comes back to; unset: none is."),
    ] = None
    mail_host: Annotated[str, Meta(description="Address to take mail on.")] = "127.0.0.1"
    mail_protocol: Annotated[
        Literal["lmtp", "smtp"],
        Meta(description="How mail is handed in: lmtp by a mail server of one's own, smtp by everybody's."),
    ] = "lmtp"
    max_mail: Annotated[int, Meta(ge=65_536, description="Largest mail taken, octets.")] = 10 * 2**20
    click_stall: Annotated[
        float,
        Meta(
            ge=0,
            le=300,
            description="Seconds that clicks wait until they are told, so that it is known what else was clicked.",
        ),
    ] = 0.0
    mail_click_stall: Annotated[
        float, Meta(ge=0, le=300, description="The same of clicks and opens of e-mail, which machines look through.")
    ] = 15.0
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Networks of your own reverse proxies, separated by commas; their X-Forwarded-For says who a "
            "visitor is. Empty: nobody's does."
        ),
    ] = ""
    max_streams: Annotated[
        int, Meta(ge=1, description="Live streams that a workspace may have open at once in one process.")
    ] = 100
    stream_heartbeat: Annotated[
        float, Meta(gt=0, description="Seconds of silence after which a live stream says that it is still there.")
    ] = 15.0
    max_sockets: Annotated[
        int, Meta(ge=1, description="Devices of app messaging that may be connected to one process at once.")
    ] = 10_000
    max_sockets_waiting: Annotated[
        int,
        Meta(
            ge=2**20,
            description="Octets that may wait for all of them together; beyond it, whoever is furthest behind is let "
            "go, and resumes.",
        ),
    ] = 64 * 2**20
    uncertain_grace: Annotated[
        float, Meta(ge=0, description="Seconds of silence after which an uncertain hop is given up.")
    ] = 600.0
    correlation_days: Annotated[float, Meta(ge=0, description="How far back an inbound may answer a message.")] = 7.0
    link_url: Annotated[
        str,
        Meta(
            description="What short addresses begin with, without a slash at the end: https://go.example, or a path "
            "below a host; empty: public_url and /l."
        ),
    ] = ""
    link_days: Annotated[float, Meta(gt=0, le=36_500, description="How long short addresses in messages work.")] = 90.0
    mail_link_days: Annotated[float, Meta(gt=0, le=36_500, description="How long short addresses in e-mail work.")] = (
        365.0
    )
    keep_days: Annotated[
        float, Meta(gt=0, description="How long messages are kept, with all that happened to them.")
    ] = 30.0
    keep_attempts_days: Annotated[
        float,
        Meta(gt=0, description="How long attempts to tell subscriptions are kept, but never without their events."),
    ] = 30.0
    parked_hours: Annotated[float, Meta(gt=0, description="How long a receipt waits for its message.")] = 24.0
    keep_unread_days: Annotated[
        float, Meta(gt=0, description="How long unknown reports and unreadable callbacks are kept.")
    ] = 30.0
    idempotency_hours: Annotated[float, Meta(gt=0, description="How long an Idempotency-Key is remembered.")] = 24.0
    behind_minutes: Annotated[
        float, Meta(gt=0, description="How long an event may wait for a subscription until its operators hear of it.")
    ] = 15.0
    lease_seconds: Annotated[
        float, Meta(gt=0, description="With several processes: how long a silent one keeps its readers.")
    ] = 10.0
    metrics_key: Annotated[
        str,
        Meta(pattern="^[!-~]*$", description="The key that /metrics is read with; empty: nobody is asked for one."),
    ] = ""
    metrics_detail: Annotated[
        int,
        Meta(
            ge=0,
            description="Up to how many subscriptions, and how many channels, metrics tell of each of them; above it, "
            "of all together.",
        ),
    ] = 1000
    traces: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="Whether spans are told to a collector; auto: where OpenTelemetry's environment variables name "
            "one."
        ),
    ] = "auto"
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="How much is logged.")] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        Meta(description="How it is logged; auto: for people at a terminal, else one JSON object a line."),
    ] = "auto"


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises Misconfigured, naming the variable that does not fit or does not exist."""
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    given = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in fields:
            raise Misconfigured(f"{variable} is no setting of Tidings.")
        given[name] = text
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        raise Misconfigured(f"{PREFIX}{where.rstrip('`').upper()}: {message}") from error


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(kind)
