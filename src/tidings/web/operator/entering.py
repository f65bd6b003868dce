"""Reading what is to be added to a workspace's suppressions or opt-ins: one, an array of them, or a table as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from tidings.dialects.omnichannel.names import inside
from tidings.dialects.omnichannel.sending import BAD_PLATFORM
from tidings.dialects.reading import MOST_ERRORS, Problems, is_clean, read_json
from tidings.model.errors import FieldError, Refused
from tidings.model.suppressions import SUPPRESSING, Cited, Ground, Source, Suppression
from tidings.rules.suppression import kept_address, kept_platform
from tidings.store.directory import hash_of
from tidings.web.door import Visit
from tidings.web.keys import shown_keys

MOST: Final = 5_000
"""How many may be added at once."""
CSV: Final = "text/csv"
_LONGEST_CELL: Final = 1_000
"""Characters."""
_REASONS: Final = ", ".join(each.value for each in SUPPRESSING)


class NewOptIn(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An opt-in as it is asked for."""

    platform: str
    address: str
    channel_id: str = ""
    """The only channel it is for."""
    note: Annotated[str, Meta(max_length=500)] = ""
    """Where it comes from, in your own words."""


class NewSuppression(NewOptIn, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A suppression as it is asked for."""

    reason: str = Ground.UNSUBSCRIBED.value


def read_added(visit: Visit, kind: type[NewOptIn]) -> tuple[list[Suppression], bool]:
    """Read what is to be added, and whether it is several; raises Refused (422) with everything that is wrong.

    An array's errors are told by their index, a table's by that of the row after the heading, blank ones not counted.
    """
    asked, many = _asked(visit, kind)
    if len(asked) > MOST:
        raise _refused(FieldError("", f"At most {MOST} are added at once.", "too-many"))
    problems = Problems()
    by = Cited(source=Source.API, by=who(visit))
    added = []
    for index, each in enumerate(asked):
        found = _suppression(visit, each, f"[{index}]." if many else "", problems, by)
        if found is not None:
            added.append(found)
        if len(problems.errors) >= MOST_ERRORS:
            break
    if problems.errors:
        raise _refused(*problems.errors)
    return added, many


def who(visit: Visit) -> str:
    """Name the key that somebody came with: its id, or `root`."""
    known = visit.world.directory.keys
    return next((known[each].id for each in map(hash_of, shown_keys(visit)) if each in known), "root")


def _asked(visit: Visit, kind: type[NewOptIn]) -> tuple[list[NewOptIn], bool]:
    if visit.headers.get("content-type", "").partition(";")[0].strip().lower() == CSV:
        rows = list(_rows(visit.body))
        try:
            return msgspec.convert(rows, type=list[kind]), True  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            raise _refused(FieldError("", f"{error}.", "type")) from error
    if visit.body.lstrip()[:1] == b"[":
        return read_json(visit.body, list[kind], status=422), True  # type: ignore[valid-type]
    return [read_json(visit.body, kind, status=422)], False


def _rows(body: bytes) -> Iterator[dict[str, str]]:
    """Give the rows of a table by its heading (RFC 4180), empty cells left out; raises Refused."""
    try:
        table = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        heading = [each.strip() for each in next(table, [])]
        number = 0
        for row in table:
            if number > MOST:
                return
            if len(row) > len(heading) or any(len(cell) > _LONGEST_CELL for cell in row):
                raise _refused(FieldError(f"[{number}]", "The row does not fit the heading.", "csv"))
            if any(row):
                yield {name: cell.strip() for name, cell in zip(heading, row, strict=False) if cell.strip()}
                number += 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused(FieldError("", f"This is no CSV in UTF-8: {error}.", "csv")) from error


def _suppression(visit: Visit, asked: NewOptIn, path: str, problems: Problems, by: Cited) -> Suppression | None:
    platform = inside(asked.platform)
    ground = _ground(asked)
    before = len(problems.errors)
    if platform is None:
        problems.add(f"{path}platform", BAD_PLATFORM, "platform")
    if ground is None:
        problems.add(f"{path}reason", f"A reason is one of {_REASONS}.", "unknown")
    if not is_clean(asked.note):
        problems.add(f"{path}note", "Text may hold no NUL and no lone surrogate.", "text")
    if asked.channel_id and platform is not None and not _has_channel(visit, asked.channel_id, platform):
        problems.add(f"{path}channelId", "The workspace has no such channel of that platform.", "unknown")
    address = _address(platform, asked, path, problems) if platform is not None else ""
    if platform is None or ground is None or len(problems.errors) > before:
        return None
    return Suppression(
        workspace=visit.tenant.id,
        platform=kept_platform(platform),
        channel=asked.channel_id,
        address=address,
        ground=ground,
        at=visit.world.clock.now(),
        cited=msgspec.structs.replace(by, text=asked.note),
    )


def _ground(asked: NewOptIn) -> Ground | None:
    if not isinstance(asked, NewSuppression):
        return Ground.OPTED_IN
    return next((each for each in SUPPRESSING if each.value == asked.reason), None)


def _has_channel(visit: Visit, named: str, platform: str) -> bool:
    channel = visit.world.directory.channels.get(named)
    return (
        channel is not None
        and channel.workspace == visit.tenant.id
        and kept_platform(channel.platform) == kept_platform(platform)
    )


def _address(platform: str, asked: NewOptIn, path: str, problems: Problems) -> str:
    try:
        return kept_address(platform, asked.address)
    except ValueError as error:
        problems.add(f"{path}address", str(error), "address")
        return ""


def _refused(*errors: FieldError) -> Refused:
    return Refused("It cannot be added as it is.", status=422, errors=errors)


def shown_note(cited: Cited) -> dict[str, Any]:
    """Show what an entry rests on."""
    told = {
        "source": cited.source.value,
        "by": cited.by,
        "note": cited.text,
        "code": cited.code,
        "messageId": cited.message,
        "viaChannelId": cited.via,
    }
    return {name: value for name, value in told.items() if value}
