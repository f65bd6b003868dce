"""How documents are read: what is shown of an output, and where headings can be found."""

from pathlib import Path

import pytest

from support.documents import anchors, blocks, fill, links, matches, parts

PAGE = """# A page of `tests`

A [link](other.md#place), and `[none](in code)`.

```sh run
echo "[no link](here)"
```

## What's next?

<!-- generated: numbers/one -->
old
<!-- end -->
"""


@pytest.mark.parametrize(
    ("shown", "got", "fits"),
    [
        ("one\ntwo\n", "one\ntwo\n", True),
        ("one\n", "one\ntwo\n", False),
        ("one … three\n", "one two three\n", True),
        ("one … three\n", "one\nthree\n", False),
        ("…\nlast\n", "first\nsecond\nlast\n", True),
        ("…\nlast\n", "last\n", True),
        ("…\nlast\n", "last\nmore\n", False),
        ("a.c\n", "abc\n", False),
        (" padded\n", " padded   \n", True),
    ],
)
def test_an_output_is_compared_with_what_is_shown(shown: str, got: str, fits: bool) -> None:
    assert matches(shown, got) is fits


def test_a_page_is_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert list(blocks(page)) == [(("sh", "run"), 'echo "[no link](here)"\n')]
    assert list(links(page)) == ["other.md#place"]
    assert anchors(page) == {"a-page-of-tests", "whats-next"}
    assert parts(page) == {"numbers/one": "old\n"}
    assert fill(page, {"numbers/one": "new\n"})
    assert page.read_text() == PAGE.replace("old\n", "new\n")
    assert not fill(page, {"numbers/one": "new\n"})
