"""Links in the HTML of a mail, and where a picture goes that tells of opens.

The HTML is read by JustHTML, which reads it as browsers do, also where it is broken, and says where each element
begins. What stands in comments (those for Outlook too), styles, scripts, titles and text areas is no link, and stays.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from justhtml import JustHTML
from justhtml.dom import Element, Node, Template, Text
from msgspec import Struct

from tidings.rules.links.tags import end_of, value_at

LONGEST_TEXT: Final = 200
"""Characters of a link's text that are looked at."""
CLIPPED: Final = 100_000
"""Octets of HTML after which Gmail shows no more: the picture goes to the top of a longer one."""
MOST_LOOKS: Final = 10
"""How many ends of a body are looked at, from the last on, for one that stands in no comment."""
LATELY: Final = 16
"""How many mails are remembered: those of one batch often have the same HTML."""
_AMP: Final = ("⚡4email", "amp4email")
_ENDS: Final = ("</body", "</BODY", "</Body")
_BYTE_ORDER_MARK: Final = "\ufeff"


class Anchor(Struct, frozen=True):
    """A link: an `a` or `area` with an `href`."""

    start: int
    """Where the value of its `href` begins and ends, in characters."""
    end: int
    href: str
    """With its character references read."""
    text: str
    """What people read of it, as far as it is looked at."""
    attributes: dict[str, str | None]


class Read(Struct, frozen=True):
    """What HTML has."""

    anchors: tuple[Anchor, ...]
    """In the order they stand there."""
    picture_at: int
    """Where a picture goes, in characters."""


@lru_cache(maxsize=LATELY)
def read_html(html: str) -> Read | None:
    """Find the links of a mail's HTML; None where it is AMP, which may not be touched."""
    # A mark before the text is read over, and counted nowhere.
    before = len(html) - len(html.removeprefix(_BYTE_ORDER_MARK))
    document = JustHTML(html[before:], track_node_locations=True, sanitize=False, scripting_enabled=False)
    anchors: dict[int, Anchor] = {}
    body = None
    for element in _elements(document.root):
        if element.name == "html" and not element.attrs.keys().isdisjoint(_AMP):
            return None
        if element.origin_offset is None:
            # It stands in the tree without being written.
            continue
        at = element.origin_offset + before
        if element.name == "body":
            body = at
        # Of formatting that is open where it may not be, the same tag stands in the tree several times.
        is_new = element.name in ("a", "area") and at not in anchors
        if is_new and (href := element.attrs.get("href")) and (span := value_at(html, at, "href")) is not None:
            anchors[at] = Anchor(*span, href, _text_of(element), dict(element.attrs))
    return Read(tuple(anchors[at] for at in sorted(anchors)), _picture_at(html, body))


def _elements(root: Node) -> Iterator[Element]:
    """Walk over the elements of a tree, those of templates too; however deep it is."""
    waiting: list[Node | Text] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element):
            yield node
        if isinstance(node, Template) and node.template_content is not None:
            waiting.append(node.template_content)
        waiting.extend(reversed(node.children or ()))


def _text_of(link: Element) -> str:
    """Read the text of a link, and of its pictures what stands for them."""
    pieces: list[str] = []
    waiting: list[Node | Text] = [link]
    length = 0
    while waiting and length < LONGEST_TEXT:
        node = waiting.pop()
        alternative = node.attrs.get("alt") if isinstance(node, Element) and node.name == "img" else None
        piece = (node.data if isinstance(node, Text) else alternative) or ""
        # What is looked at is bounded also where there is no text in it.
        length += len(piece) + 1
        pieces.append(piece)
        waiting.extend(reversed(node.children or ()))
    return "".join(pieces)[:LONGEST_TEXT]


def _picture_at(html: str, body: int | None) -> int:
    """Choose where the picture goes: before the end of the body if that is written, else at the end of all."""
    if body is not None and len(html) * 4 > CLIPPED and len(html.encode(errors="replace")) > CLIPPED:
        return end_of(html, body)
    at = len(html)
    for _ in range(MOST_LOOKS):
        at = max(html.rfind(each, 0, at) for each in _ENDS)
        if at < 0:
            break
        if html.rfind("<!--", 0, at) <= html.rfind("-->", 0, at):
            return at
    return len(html)
