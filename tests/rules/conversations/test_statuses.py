"""How far a message has come never goes back, whatever order clients say things in."""

from hypothesis import given
from hypothesis import strategies as st

from tidings.model.conversations import Part, Said, Status
from tidings.rules.conversations.statuses import RANKS, marked

SAID = Said(
    id="m",
    workspace="w",
    conversation="c",
    number=3,
    author="business",
    sent_by="business",
    sent_at=1000,
    scope="a2p",
    direction="outbound",
    parts=(Part(type="text/plain", data="Hi"),),
)
WORDS = st.tuples(
    st.sampled_from(["ann", "ben", "business"]), st.sampled_from(["delivered", "read"]), st.integers(0, 9000)
)


@given(st.lists(WORDS, max_size=12))
def test_the_end_is_the_furthest_that_anybody_said(words: list[tuple[str, str, int]]) -> None:
    said, firsts = SAID, []
    for profile, status, at in words:
        before = said.statuses.get(profile)
        news = marked(said, profile, status, at, 5000)
        if news is None:
            assert profile == "business" or (before is not None and RANKS[before.status] >= RANKS[status])
            continue
        said = news.said
        assert said.statuses[profile] == Status(status, max(1000, min(at, 5000)))
        firsts += [status] if news.first else []
    others = {profile: status for profile, status, _ in sorted(words, key=lambda word: RANKS[word[1]])}
    others.pop("business", None)
    assert {profile: status.status for profile, status in said.statuses.items()} == others
    assert firsts == sorted(set(firsts), key=lambda status: RANKS[status]), "of the message each stage is news once"
    assert (RANKS[firsts[-1]] if firsts else 0) == max((RANKS[each] for each in others.values()), default=0)


def test_read_needs_no_delivered_before() -> None:
    news = marked(SAID, "ann", "read", 2000, 3000)
    assert news is not None
    assert news.first
    assert marked(news.said, "ann", "delivered", 2500, 3000) is None
