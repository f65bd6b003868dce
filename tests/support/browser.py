"""A real browser for tests: Debian's Chromium without a window, driven by Playwright. It reaches this machine alone.

async with browsing() as browser:
    page = await browser.new_page()
    await page.goto(url)
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    # As root, in a container with a small /dev/shm.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # Nothing outside is asked for, not even by mistake.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
PATIENCE = 15_000
"""Milliseconds that a page may take to do what is asked of it."""


def program() -> str:
    """Where the browser is; empty where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def why_not() -> str:
    """Say why there is no browser here; empty where there is one."""
    return "" if program() else "Chromium is not installed: run scripts/system-packages"


@asynccontextmanager
async def browsing(**launch: Any) -> AsyncIterator[Browser]:
    """Run a browser; `launch` is what else Playwright is to start it with."""
    found = program()
    assert found, why_not()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS], **launch)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def someone(browser: Browser, **more: Any) -> AsyncIterator[BrowserContext]:
    """Be one person: cookies, storage, language and looks of their own (`locale`, `color_scheme`, `viewport`, …)."""
    context = await browser.new_context(**more)
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def looked_at(page: Page, picture: Path) -> AsyncIterator[Page]:
    """Do something on a page; where that fails, keep a picture of what was to be seen."""
    try:
        yield page
    except BaseException:
        await page.screenshot(path=picture, full_page=True)
        raise
