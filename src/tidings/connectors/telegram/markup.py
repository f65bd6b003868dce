"""HTML as Telegram takes it: a few inline tags, rightly nested, and nothing else.

What stands in a mail or on a page is read as a browser would, and written with what there is: paragraphs and list items
become lines, headings bold ones, pictures their descriptions.

Tags https://core.telegram.org/bots/api#html-style
"""

import re
from html import escape
from html.parser import HTMLParser

_SAME = {
    **dict.fromkeys(("b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"), "b"),
    **dict.fromkeys(("i", "em"), "i"),
    **dict.fromkeys(("u", "ins"), "u"),
    **dict.fromkeys(("s", "strike", "del"), "s"),
    **{name: name for name in ("a", "code", "pre", "blockquote", "tg-spoiler")},
}
"""Telegram's tag for each that it has, or that looks alike."""

_BLOCKS = frozenset(
    ("p", "div", "section", "article", "header", "footer", "ul", "ol", "li", "table", "tr", "pre", "blockquote")
) | {f"h{level}" for level in range(1, 7)}
"""Tags that begin on a line of their own."""

_UNSAID = frozenset(("head", "script", "style", "title", "template"))
"""Tags whose text nobody sees."""

_SPACE = re.compile(r"[ \t\r\n\f]+")
_LINKS = ("https://", "http://", "tg://", "mailto:")


class Marked(HTMLParser):
    """A text as Telegram takes it (`written`), and as it is seen (`seen`)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._written: list[str] = []
        self._seen: list[str] = []
        self._open: list[tuple[str, str]] = []
        """The tags that are open: as they came, and as they were written, which may be empty."""
        self._unsaid = 0
        self.feed(html)
        self.close()
        while self._open:
            self._close()

    @property
    def written(self) -> str:
        """The text with its tags."""
        return "".join(self._written).strip()

    @property
    def seen(self) -> str:
        """The text without them; Telegram's limits count it."""
        return "".join(self._seen).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a tag, on a new line where it is a block."""
        self._unsaid += tag in _UNSAID
        if tag in _BLOCKS or tag == "br":
            self._break(always=tag == "br")
        if tag == "li":
            self._say("• ")
        if tag == "img":
            self._say(dict(attrs).get("alt") or "")
        if tag in ("br", "img", "hr", "meta", "link", "input", "wbr"):
            return
        known = _SAME.get(tag, "")
        if tag == "span" and dict(attrs).get("class") == "tg-spoiler":
            known = "tg-spoiler"
        opening = f"<{known}>"
        if known == "a":
            link = dict(attrs).get("href") or ""
            known = known if link.startswith(_LINKS) else ""
            opening = f'<a href="{escape(link)}">'
        if known:
            self._written.append(opening)
        self._open.append((tag, known))

    def handle_endtag(self, tag: str) -> None:
        """End a tag, and those that were begun within it and never ended."""
        if any(tag == each for each, _ in self._open):
            while self._close() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Say what stands between tags."""
        if any(known == "pre" for _, known in self._open):
            self._say(data)
            return
        text = _SPACE.sub(" ", data)
        begun = bool(self._seen) and not self._seen[-1].endswith(("\n", " "))
        self._say(text if begun else text.lstrip(" "))

    def _close(self) -> str:
        tag, known = self._open.pop()
        self._unsaid -= tag in _UNSAID
        if known:
            self._written.append(f"</{known}>")
        if tag in _BLOCKS:
            self._break()
        return tag

    def _break(self, *, always: bool = False) -> None:
        if always or (self._seen and not self._seen[-1].endswith("\n")):
            self._say("\n")

    def _say(self, text: str) -> None:
        if text and not self._unsaid:
            self._written.append(escape(text, quote=False))
            self._seen.append(text)
