"""The parts of documents that are made from the code."""

import ast
import inspect
import tomllib
from collections.abc import Mapping
from enum import Enum
from itertools import pairwise

from msgspec import Raw
from msgspec.inspect import type_info
from msgspec.structs import fields

from support import pages, watching
from support.documents import ROOT, table
from tidings.dialects.channels import Channels
from tidings.dialects.channels.vocabulary import word_of
from tidings.dialects.dialect import Dialect, Telling
from tidings.dialects.omnichannel import Omnichannel
from tidings.flow.handover import RETRIES
from tidings.model.content import Content
from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Direction, Message, Recipient, Route
from tidings.model.platforms import PLATFORMS
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.workspaces import Workspace
from tidings.rules.prefetch import RULES
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule
from tidings.settings import PREFIX, Settings
from tidings.web import door
from tidings.web.app import every_route

NOTHING = "–"


def settings() -> str:
    """Every setting, its default and its meaning."""
    rows = []
    for each in fields(Settings):
        default = "" if each.default == "" else str(each.default)
        described = type_info(each.type)
        meaning = (getattr(described, "extra_json_schema", None) or {}).get("description", "")
        rows.append((f"`{PREFIX}{each.name.upper()}`", f"`{default}`" if default else "empty", meaning))
    return table(("Variable", "Default", "Meaning"), rows)


def stages() -> str:
    """The stages in order, with their meanings in the code's own words."""
    meanings = _told_of(Stage)
    return table(
        ("Rank", "Stage", "Meaning"), [(str(int(each)), f"`{each.word}`", meanings[each.name]) for each in Stage]
    )


def causes() -> str:
    """Why something stopped, in the code's own words."""
    meanings = _told_of(Cause)
    return table(("Cause", "Meaning"), [(f"`{each}`", meanings[each.name]) for each in Cause])


def _told_of(kind: type[Enum]) -> dict[str, str]:
    """Read what stands below each member of an enumeration in its source."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    told = {}
    for named, said in pairwise(body.body):
        match named, said:
            case ast.Assign(targets=[ast.Name(name)]), ast.Expr(ast.Constant(str(text))):
                told[name] = " ".join(text.split())
    return told


def windows() -> str:
    """The platforms, and how long a message may take on each."""
    rows = [
        (
            *(f"`{name}`" for name in (each.name, each.omnichannel, each.channels, each.identifier)),
            f"{each.expiry_hours} h",
        )
        for each in PLATFORMS.values()
    ]
    return table(("Platform", "Omnichannel", "Channels", "`identifierKey`", "Window"), rows)


def routes(group: str) -> str:
    """The doors of one group, by their places; one that stands at several is named where it is first."""
    found: dict[int, door.Route] = {}
    for each in sorted(every_route(), key=_place):
        if each.group == group:
            found.setdefault(id(each.door), each)
    rows = [(f"`{_method(each)} {each.path}`", _opened_by(each), each.summary) for each in found.values()]
    return table(("Door", "Opened by", "What it does"), rows)


def _place(each: door.Route) -> tuple[bool, str, int]:
    """Sort the places that name the workspace before those that do not, and a place's methods as they are used."""
    methods = (door.ANY, "POST", "GET", "PUT", "PATCH", "DELETE")
    return not each.path.startswith(("/workspaces/", "/apispaces/")), each.path, methods.index(each.method)


def _method(each: door.Route) -> str:
    return "ANY" if each.method == door.ANY else each.method


def _opened_by(each: door.Route) -> str:
    if each.auth != "workspace":
        return {"root": "the root key", "any": "any key", "none": "anybody"}[each.auth]
    return f"`{each.scope.value}`" if each.scope else "any key of the workspace"


def waits(schedule: Schedule) -> str:
    """A schedule's waits, as a sentence would have them."""
    written = [_duration(each) for each in schedule.waits]
    told: list[str] = []
    for each in dict.fromkeys(written):
        times = written.count(each)
        told.append(each if times == 1 else f"{each} ({times} times)")
    return ", ".join(told)


def _duration(milliseconds: int) -> str:
    for unit, name in ((HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        if milliseconds % unit == 0:
            return f"{milliseconds // unit} {name}"
    raise ValueError(milliseconds)


def schedules() -> str:
    """When what failed is tried again."""
    rows = [
        ("Webhooks in the omnichannel vocabulary", waits(Omnichannel.schedule)),
        ("Webhooks in the channels vocabulary", waits(Channels.schedule)),
        ("A hop that the provider put off without naming a time", f"{waits(RETRIES)}, then the last again"),
    ]
    return table(("What", "Waits after each failure, ±20 %"), rows)


def layers() -> str:
    """The layers, as the import contract has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["type"] == "layers"]
    return "```text\n" + "\n".join(each.replace("tidings.", "") for each in contract["layers"]) + "\n```\n"


def facts() -> str:
    """One fact, and the name each vocabulary has for it."""
    told = (
        ("accepted", "sms", Kind.ACCEPTED, Fact()),
        ("sent", "sms", Kind.SENT, Fact()),
        ("delivered", "sms", Kind.DELIVERED, Fact()),
        ("read", "whatsapp", Kind.READ, Fact()),
        ("expired after it was submitted", "sms", Kind.EXPIRED, _lost(Cause.EXPIRED, submitted=True)),
        ("expired before it was submitted", "sms", Kind.EXPIRED, _lost(Cause.EXPIRED, submitted=False)),
        ("failed before it was submitted", "sms", Kind.FAILED, _lost(Cause.INVALID, submitted=False)),
        ("failed after it was submitted", "sms", Kind.FAILED, _lost(Cause.BLOCKED, submitted=True)),
        ("an e-mail was opened", "email", Kind.INTERACTION, _did(Deed.OPENED)),
        ("a link or a button was tapped", "sms", Kind.INTERACTION, _did(Deed.CLICKED)),
        ("a reaction came, or went", "whatsapp", Kind.INTERACTION, _did(Deed.REACTION)),
        ("it was reported as spam", "email", Kind.INTERACTION, _did(Deed.REPORTED_AS_SPAM)),
        ("somebody unsubscribed", "email", Kind.INTERACTION, _did(Deed.UNSUBSCRIBE_REQUEST)),
        ("the recipient deleted it", "whatsapp", Kind.INTERACTION, _did(Deed.DELETE_REQUEST)),
        ("a person wrote", "sms", Kind.INBOUND, Fact()),
    )
    return table(
        ("Fact", "Omnichannel", "Channels"),
        [(name, *_names(_telling(platform, kind, fact))) for name, platform, kind, fact in told],
    )


def _names(telling: Telling) -> tuple[str, str]:
    dialects: tuple[Dialect, ...] = (Omnichannel(), Channels())
    omnichannel, channels = (each.name_of(telling) for each in dialects)
    word = word_of(telling.event)
    return f"`{omnichannel}`" if omnichannel else NOTHING, f"`{channels}` `{word}`" if channels else NOTHING


def _lost(cause: Cause, *, submitted: bool) -> Fact:
    return Fact(reason=Reason(cause), submitted=submitted)


def _did(deed: Deed) -> Fact:
    return Fact(interaction=Interaction("key", deed, Target("message"), Raw(b"{}")))


def _telling(platform: str, kind: Kind, fact: Fact) -> Telling:
    incoming = kind is Kind.INBOUND
    message = Message(
        id="message",
        workspace="workspace",
        direction=Direction.INCOMING if incoming else Direction.OUTGOING,
        created_at=0,
        recipients=(Recipient("contact", {"phonenumber": "+447712345678"}),),
        routes=(Route(platform),),
        content=Content(text="Hello"),
        channel="channel" if incoming else "",
        platform=platform if incoming else "",
        raw=Raw(b"{}"),
    )
    event = Event(
        position=1,
        id="event",
        workspace="workspace",
        message="message",
        revision=1,
        kind=kind,
        platform=platform,
        channel="channel",
        at=0,
        told_at=0,
        fact=fact,
    )
    return Telling(event, message, Workspace(id="workspace", name="", account=1, created_at=0))


def prefetch() -> str:
    """By what a machine is known, how much each sign says, and where it comes from."""
    rows = [(f"`{name}`", rule.weight.name.lower(), rule.says, rule.source) for name, rule in RULES.items()]
    return table(("Sign", "Weight", "What holds", "Source"), rows)


def parts() -> Mapping[str, str]:
    """Every part that needs no hub to run."""
    groups = ("omnichannel", "channels", "operator", "callbacks", "links", "health")
    return {
        "settings": settings(),
        "stages": stages(),
        "causes": causes(),
        "windows": windows(),
        "support": pages.support(),
        "interactions": pages.interactions(),
        "connectors": pages.listed(),
        "schedules": schedules(),
        "layers": layers(),
        "facts": facts(),
        "prefetch": prefetch(),
        "metrics": watching.metrics(),
        "alerts": watching.alerts(),
        **{f"routes/{group}": routes(group) for group in groups},
    }
