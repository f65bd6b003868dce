"""Accepting: a client's draft becomes our message, with every hop it may take already thought of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tidings.connectors.connector import Connector
from tidings.flow.facts import Accepted, Promise, Taking, Withheld
from tidings.flow.handover import outgoing_of
from tidings.flow.tracking import ASKED, tracked
from tidings.flow.world import World
from tidings.model.content import Content
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import FieldError, Misconfigured, Refused
from tidings.model.exchange import encode_raw
from tidings.model.messages import Direction, Hop, Message, Plan, Recipient, Route
from tidings.model.platforms import HOUR, platform
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Channel, Contact, Workspace
from tidings.rules import addresses, encoding, lifecycle
from tidings.rules.contacts import contact_id
from tidings.rules.placeholders import UnknownField, fill
from tidings.store.statements import Transaction, statement

MAX_WINDOW = 30 * 24 * HOUR
"""Milliseconds: no message waits longer than this."""


async def prepare(world: World, workspace: Workspace, draft: Draft) -> Taking:
    """Make a message of a draft, without taking it yet; raises Refused, naming the field."""
    people = [await _person(world, workspace, index, _named(each, draft.routes)) for index, each in enumerate(draft.to)]
    recipients = tuple(recipient for recipient, _ in people)
    now = world.clock.now()
    message = Message(
        id=world.chance.id(),
        workspace=workspace.id,
        direction=Direction.OUTGOING,
        created_at=now,
        dialect=draft.dialect,
        recipients=recipients,
        routes=draft.routes,
        sender=draft.sender,
        sender_name=draft.sender_name,
        content=_filled(draft.content, draft.profile),
        reference=draft.reference,
        metadata=draft.metadata,
        tags=draft.tags,
        reply_to=draft.reply_to,
        conversation=draft.conversation,
        options=draft.options,
        expires_at=draft.expires_at,
        track_links=draft.track_links,
        campaign=draft.campaign,
        transactional=draft.transactional,
        require_opt_in=draft.require_opt_in,
        request=draft.request,
    )
    message = _converted(message)
    if message.track_links in ASKED:
        ways = (_channel(world, workspace, route) for route in message.routes)
        message = await tracked(world, workspace, message, [each for each in ways if each is not None])
    plans = tuple(_plan(world, workspace, message, route, now) for route in draft.routes)
    expires_at = draft.expires_at or now + _window(world, plans)
    conversation = message.conversation or _conversation(world, message, plans, now)
    message = replace(message, expires_at=expires_at, conversation=conversation)
    contacts = tuple(contact for _, contact in people)
    begun = lifecycle.begin(message.id, plans, expires_at=expires_at, now=now)
    return Taking(message, plans, begun, contacts)


async def accept(
    world: World,
    takings: Sequence[Taking],
    promise: Promise | None = None,
    *,
    anew: Callable[[Sequence[Taking]], Promise | None] | None = None,
) -> Promise | None:
    """Take charge of messages, all or none; return when they are on disk.

    Gives the answer that was given before, where the promise's key was used before; nothing is taken then. Where some
    of their hops turn out to go to people whom we do not write to, `anew` hears the messages as they are taken then,
    and gives the promise for those; without it the promise stays.
    """
    since = world.traces.moment()
    outcome = await world.record(Accepted(tuple(takings), promise))
    while isinstance(outcome.value, Withheld):
        takings = outcome.value.takings
        promise = promise if anew is None else anew(takings)
        outcome = await world.record(Accepted(tuple(takings), promise))
    before: Promise | None = outcome.value
    if before is None:
        world.counts.add("messages", "accepted", len(takings))
        for each in takings:
            world.traces.accepted(each.message.workspace, each.message.id, since)
    return before


def unsendable(taking: Taking) -> tuple[FieldError, ...]:
    """Name what a message's only channel would refuse of it, for vocabularies that name one channel."""
    refusals = [plan.refusal for plan in taking.plans if plan.refusal is not None]
    return tuple(
        FieldError(refusal.code or "body", refusal.text, refusal.cause.value)
        for refusal in refusals
        if refusal.cause in (Cause.UNSUPPORTED, Cause.BAD_ADDRESS, Cause.INVALID)
    )


def _named(addressee: Addressee, routes: Sequence[Route]) -> Addressee:
    """Read the id of a contact that may be a person's profile in an app as that address too.

    Integrators choose those ids themselves; where it is none of them, nobody is reached.
    """
    key = platform("app-messaging").identifier
    if not addressee.contact or all(platform(each.platform).identifier != key for each in routes):
        return addressee
    return replace(addressee, addresses={key: addressee.contact, **addressee.addresses})


async def _person(world: World, workspace: Workspace, index: int, addressee: Addressee) -> tuple[Recipient, Contact]:
    normal = _normal(index, addressee.addresses)
    if addressee.contact:
        known = await world.store.read(_contact(addressee.contact))
        if known is not None and known.workspace == workspace.id:
            others = {key: value for key, value in normal.items() if value != addressee.contact}
            reached = {known.key: known.value, **others}
            country = addresses.country_of(reached["phonenumber"]) if "phonenumber" in reached else ""
            # Written again where it was forgotten meanwhile, with the last message to it before this one.
            return Recipient(known.id, reached, addressee.type, country), known
    if not normal:
        problem = FieldError(f"to[{index}].id", f"There is no contact {addressee.contact}.", "unknown")
        raise Refused("A recipient is not known.", errors=(problem,))
    key, value = next(iter(normal.items()))
    contact = Contact(
        id=contact_id(workspace.id, key, value),
        workspace=workspace.id,
        key=key,
        value=value,
        created_at=world.clock.now(),
    )
    country = addresses.country_of(normal["phonenumber"]) if "phonenumber" in normal else ""
    return Recipient(contact.id, normal, addressee.type, country), contact


def _normal(index: int, given: Mapping[str, str]) -> dict[str, str]:
    """Write addresses as we keep them; raises Refused, naming every one that is none."""
    normal: dict[str, str] = {}
    problems = []
    for key, text in given.items():
        try:
            normal[key] = addresses.address(key, text)
        except ValueError as error:
            problems.append(FieldError(f"to[{index}].{key}", str(error), "address"))
    if problems:
        raise Refused("An address is not valid.", errors=tuple(problems))
    return normal


def _contact(contact: str) -> Transaction[Contact | None]:
    rows = yield statement("get_contact")(id=contact)
    return (
        Contact(id=contact, workspace=rows[0][0], key=rows[0][1], value=rows[0][2], created_at=rows[0][3])
        if rows
        else None
    )


def _filled(content: Content, profile: dict[str, str]) -> Content:
    """Fill in `{{profile.field}}`."""
    try:
        return replace(
            content,
            title=fill(content.title, profile),
            text=fill(content.text, profile),
            html=fill(content.html, profile),
        )
    except UnknownField as error:
        problem = FieldError("body", f"The recipient's profile has no field {error}.", "unknown")
        raise Refused("A placeholder cannot be filled in.", errors=(problem,)) from error


def _converted(message: Message) -> Message:
    """Write a text in the letters of an sms where the client wishes that (`unicodeConversion`)."""
    options = message.options.get("sms", {})
    if not options.get("unicodeConversion") or encoding.is_gsm7(message.content.text):
        return message
    return replace(message, content=replace(message.content, text=encoding.transliterate(message.content.text)))


def _plan(world: World, workspace: Workspace, message: Message, route: Route, now: int) -> Plan:
    """Think a hop through: over which channel, to which address, and whether anything forbids it."""
    channel = _channel(world, workspace, route)
    if channel is None:
        return Plan(route.platform, refusal=Reason(Cause.NO_CHANNEL, f"There is no channel for {route.platform}."))
    try:
        connector = world.connector(channel)
    except Misconfigured as error:
        return Plan(route.platform, channel.id, refusal=Reason(Cause.ACCOUNT, str(error)))
    key = platform(route.platform).identifier
    reached = [each for each in message.recipients if key in each.addresses]
    able = connector.able
    plan = Plan(
        route.platform,
        channel.id,
        reached[0].addresses[key] if reached else "",
        expected=len(reached) if able.several_recipients else 1,
        window=route.window,
        last_word=not able.receipts,
        own_receipt=able.receipt_is_the_messages,
    )
    if not reached:
        return replace(plan, refusal=Reason(Cause.BAD_ADDRESS, f"The recipient has no {key}.", "receiver"))
    if len(reached) > 1 and not able.several_recipients:
        text = f"{route.platform} takes one recipient a message."
        return replace(plan, refusal=Reason(Cause.INVALID, text, "receiver.contacts"))
    return _permitted(message, channel, connector, plan, reached[0], now)


def _permitted(
    message: Message, channel: Channel, connector: Connector[Any], plan: Plan, recipient: Recipient, now: int
) -> Plan:
    """Refuse a plan for what the channel or its provider does not allow."""
    by_number = platform(plan.platform).identifier == "phonenumber"
    if by_number and channel.allowed_countries and recipient.country not in channel.allowed_countries:
        name = platform(plan.platform).omnichannel
        text = addresses.country_refusal(plan.address.lstrip("+"), recipient.country, name, channel.allowed_countries)
        return replace(plan, refusal=Reason(Cause.COUNTRY, text, "phoneNumberCountryCode"))
    outgoing = outgoing_of(message, Hop(0, plan.platform, plan.channel, plan.address), now)
    sms = message.options.get("sms", {})
    if plan.platform == "sms" and sms.get("allowUnicode") is False and not encoding.is_gsm7(outgoing.content.text):
        data = encoding.unicode_refusal(plan.address.lstrip("+"), message.id)
        text = "SMS channel returned a status of unsuccessful"
        return replace(plan, refusal=Reason(Cause.INVALID, text, "body"), data=encode_raw(data))
    problems = connector.check(outgoing)
    if problems:
        text = " ".join(problem.message for problem in problems)
        failures = [{"property": p.path, "failureCode": p.code, "details": p.message} for p in problems]
        data = {"validationFailures": failures}
        refusal = Reason(Cause.UNSUPPORTED, text, problems[0].path)
        return replace(plan, refusal=refusal, data=msgspec.Raw(msgspec.json.encode(data)))
    return plan


def _conversation(world: World, message: Message, plans: Sequence[Plan], now: int) -> str:
    """Name the conversation that a message goes into where the client names none; empty where no channel has such."""
    for plan in plans:
        channel = world.directory.channels.get(plan.channel)
        if channel is not None and plan.address and plan.refusal is None:
            hop = Hop(0, plan.platform, plan.channel, plan.address)
            if named := world.connector(channel).conversation(outgoing_of(message, hop, now)):
                return named
    return ""


def _channel(world: World, workspace: Workspace, route: Route) -> Channel | None:
    """Find the channel a route goes over: the one it names, else the workspace's oldest for the platform."""
    if route.channel:
        named = world.directory.channels.get(route.channel)
        return named if named is not None and named.workspace == workspace.id else None
    mine = world.directory.channels_of(workspace.id)
    return next((channel for channel in mine if channel.platform == route.platform), None)


def _window(world: World, plans: Sequence[Plan]) -> int:
    """How long a message may take where the client does not say: the longest window of its channels, milliseconds."""
    hours = []
    for plan in plans:
        channel = world.directory.channels.get(plan.channel)
        own = channel.expiry_hours if channel is not None else None
        hours.append(platform(plan.platform).expiry_hours if own is None else own)
    return min(round(max(hours, default=24) * HOUR), MAX_WINDOW)
