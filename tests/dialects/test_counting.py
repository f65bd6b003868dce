"""How often what was done is shown, beside what the vocabularies publish."""

from tidings.dialects.counting import show_counts, with_counts
from tidings.model.tallies import Count, Counts, LinkCount

ONCE = Count(1, 0, 0, 1000)
SHOWN = {"human": 1, "machine": 0, "firstAt": "1970-01-01T00:00:00.000Z", "lastAt": "1970-01-01T00:00:01.000Z"}


def test_links_that_are_too_many_to_be_named_are_shown_together() -> None:
    link = LinkCount("https://shop.example/1", "one", ONCE)
    counts = Counts({"clicked": Count(3, 0, 0, 1000)}, (link,), Count(2, 0, 0, 1000))
    assert show_counts(counts) == {
        "clicked": {**SHOWN, "human": 3},
        "links": [{"url": "https://shop.example/1", "name": "one", **SHOWN}],
        "otherLinks": {**SHOWN, "human": 2},
    }


def test_nothing_is_shown_where_nothing_was_done() -> None:
    assert with_counts({"id": "m"}, None) == {"id": "m"}
