"""How the pages for people look: one column, in the reader's own colours and language, without a script or a stranger.

Contrast is above 4.5 : 1 in both colour schemes (WCAG 2.2, 1.4.3), and a button is 44 points high (2.5.5).
"""

from html import escape
from typing import Final

from tidings.web.door import Page

HTML: Final = "text/html; charset=utf-8"
HEADERS: Final = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
    ("vary", "accept-language"),
)
"""The page runs nothing, tells nobody whence one comes, and stands in no frame."""

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; --back: #f5f6f8; --card: #fff; --text: #1b1f27; --soft: #565d6b;
    --line: #dde1e8; --act: #1a56c4; --on-act: #fff }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --back: #14171c; --card: #1d2128; --text: #e8eaef; --soft: #a6adba; --line: #343a45;
      --act: #8ab4ff; --on-act: #0e1a30 }}
  }}
  * {{ box-sizing: border-box }}
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
    background: var(--back); color: var(--text); font: 1.0625rem/1.55 system-ui, sans-serif }}
  main {{ width: 100%; max-width: 32rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
    border-radius: .875rem; overflow-wrap: anywhere }}
  h1 {{ margin: 0 0 .75rem; font-size: 1.45rem; line-height: 1.25 }}
  p {{ margin: 0 0 1rem }}
  p:last-child {{ margin-bottom: 0 }}
  small {{ color: var(--soft); font-size: .9375rem }}
  button {{ min-height: 2.75rem; margin: .25rem 0 1.25rem; padding: .7rem 1.4rem; border: 0; border-radius: .5rem;
    background: var(--act); color: var(--on-act); font: inherit; font-weight: 600; cursor: pointer }}
  button:hover {{ filter: brightness(1.08) }}
  button:focus-visible {{ outline: 3px solid var(--act); outline-offset: 3px }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""


def people_page(
    status: int, language: str, title: str, body: str, headers: tuple[tuple[str, str], ...] = HEADERS
) -> Page:
    """Make a page; `body` is HTML, `title` is text."""
    text = _PAGE.format(language=language, title=escape(title), body=body)
    return Page(status, text.encode(), (*headers, ("content-language", language)), HTML)


def paragraph(text: str) -> str:
    """Write a text as a paragraph."""
    return f"<p>{escape(text)}</p>"
