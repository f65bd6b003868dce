"""What deeds count as, and what counts come to."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tidings.model.reports import Deed, Interaction, Target
from tidings.model.tallies import OTHERS, UNREACTION, Count, Counts, LinkCount, Tally
from tidings.rules.counting import LAST_MOMENT, LONGEST_LINK, added, counts_of, tally_of
from tidings.rules.redaction import redact_tallies

NOW = 1_000


def deed(kind: Deed, **said: object) -> Interaction:
    return Interaction("k", kind, Target("m1"), Raw(b"{}"), **said)  # type: ignore[arg-type]


def tally(kind: str, link: str = "", *, count: int = 1, machine: bool = False, first: int = 5, last: int = 9) -> Tally:
    return Tally(
        message="m1",
        deed=kind,
        prefetched=machine,
        link=link,
        url=f"https://a.example/{link}" if link not in ("", OTHERS) else "",
        count=count,
        first_at=first,
        last_at=last,
    )


def test_a_deed_counts_as_itself_at_its_own_time() -> None:
    done = deed(Deed.OPENED, at=7, prefetched=True)
    assert tally_of("m1", done, NOW) == Tally(message="m1", deed="opened", prefetched=True, first_at=7, last_at=7)


@pytest.mark.parametrize("at", [None, -1, LAST_MOMENT + 1, 2**70])
def test_a_time_that_is_none_is_now(at: int | None) -> None:
    assert tally_of("m1", deed(Deed.OPENED, at=at), NOW).first_at == NOW


def test_a_reaction_that_is_taken_back_leaves_the_others_as_they_are() -> None:
    assert tally_of("m1", deed(Deed.REACTION, action="react"), NOW).deed == "reaction"
    assert tally_of("m1", deed(Deed.REACTION, action="unreact"), NOW).deed == UNREACTION


def test_links_are_told_apart_by_url_and_name() -> None:
    asked = [("https://a.example", ""), ("https://a.example", "A"), ("https://b.example", ""), ("", "A")]
    tallies = [tally_of("m1", deed(Deed.CLICKED, url=url, link_name=name), NOW) for url, name in asked]
    assert [(each.url, each.name) for each in tallies] == asked
    assert len({each.link for each in tallies} - {""}) == 4
    assert tally_of("m1", deed(Deed.CLICKED, payload="yes"), NOW).link == ""


def test_a_mark_is_short_and_tells_no_content() -> None:
    (mark,) = {tally_of("m1", deed(Deed.CLICKED, url="https://a.example/" + "x" * 2_000), NOW).link}
    assert len(mark) == 24
    assert "example" not in mark


def test_a_link_that_is_too_long_counts_with_the_others() -> None:
    fits = "x" * LONGEST_LINK
    assert tally_of("m1", deed(Deed.CLICKED, url=fits), NOW).url == fits
    long = tally_of("m1", deed(Deed.CLICKED, url=fits, link_name="n"), NOW)
    assert (long.link, long.url, long.name) == (OTHERS, "", "")


def test_of_a_redacted_message_no_link_is_counted() -> None:
    counted = tally_of("m1", deed(Deed.CLICKED, url="https://a.example", link_name="A"), NOW, redacted=True)
    assert (counted.link, counted.url, counted.name, counted.deed) == ("", "", "", "clicked")


def test_counts_tell_people_from_machines_and_links_in_the_order_they_were_followed() -> None:
    tallies = [
        tally("clicked", "b", count=2, first=20, last=30),
        tally("clicked", "b", count=3, machine=True, first=10, last=15),
        tally("clicked", "a", first=40, last=40),
        tally("clicked", count=4, first=1, last=2),
        tally("clicked", OTHERS, count=5, machine=True, first=50, last=60),
        tally(UNREACTION, first=3, last=3),
        tally("reaction", count=2, first=2, last=4),
    ]
    assert counts_of(tallies) == Counts(
        deeds={
            "clicked": Count(7, 8, 1, 60),
            "reaction": Count(2, 0, 2, 4),
            "unreaction": Count(1, 0, 3, 3),
        },
        links=(
            LinkCount("https://a.example/b", "", Count(2, 3, 10, 30)),
            LinkCount("https://a.example/a", "", Count(1, 0, 40, 40)),
        ),
        others=Count(0, 5, 50, 60),
    )


SOME = st.lists(
    st.builds(
        tally,
        st.sampled_from(["opened", "clicked", "reaction"]),
        st.sampled_from(["", "a", "b", OTHERS]),
        count=st.integers(1, 9),
        machine=st.booleans(),
        first=st.integers(0, 9),
        last=st.integers(10, 99),
    )
)


@given(SOME)
def test_what_is_redacted_keeps_how_often_and_when_but_no_link(tallies: Sequence[Tally]) -> None:
    emptied = redact_tallies(tallies)
    assert {(each.link, each.url, each.name) for each in emptied} <= {("", "", "")}
    assert len({(each.deed, each.prefetched) for each in emptied}) == len(emptied)
    assert counts_of(emptied).deeds == counts_of(tallies).deeds
    assert (counts_of(emptied).links, counts_of(emptied).others) == ((), None)
    assert redact_tallies(emptied) == emptied


@given(SOME, st.randoms())
def test_the_order_in_which_things_are_counted_does_not_matter(tallies: list[Tally], random: object) -> None:
    def summed(these: list[Tally]) -> dict[tuple[str, str, bool], Tally]:
        found: dict[tuple[str, str, bool], Tally] = {}
        for each in these:
            key = (each.deed, each.link, each.prefetched)
            found[key] = added(found[key], each) if key in found else each
        return found

    shuffled = list(tallies)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert summed(shuffled) == summed(tallies)
    assert counts_of(summed(shuffled).values()) == counts_of(tallies)
