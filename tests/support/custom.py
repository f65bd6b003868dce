"""A custom channel whose provider's words a test chooses, both ways."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from standardwebhooks import Webhook

from support.provider import Provider
from support.stories import KEY, Story, telling


@asynccontextmanager
async def by_custom(tmp_path: Path, platform: str, answer: dict[str, Any], **channel: Any) -> AsyncIterator[Story]:
    """A story with a custom channel whose provider answers every message so; `None` stands for what was asked."""

    def answered(asked: dict[str, Any]) -> Any:
        return {name: asked[name] if value is None else value for name, value in answer.items()}

    async with Provider(answered) as provider, telling(tmp_path) as story:
        settings = {"url": provider.url, "signingKey": KEY, **channel.pop("settings", {})}
        made = await story.at_work.channel(story.workspace, platform, "custom", settings, **channel)
        story.channels["custom"] = made
        await story.subscriber.want_platforms(platform)  # An unpublished one is known from now on.
        yield story


async def told_by_custom(story: Story, report: dict[str, Any]) -> None:
    """Post a report as a provider of the operator's own does."""
    body, now = msgspec.json.encode(report), datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": "report",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(KEY).sign("report", now, body.decode()),
    }
    url = story.channels["custom"]["callbackUrl"]
    async with story.at_work.http.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
