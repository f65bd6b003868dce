"""What a regulated member wrote and got, as events that are kept for 28 days."""

import base64
import secrets
import time
from collections.abc import Sequence
from typing import Any

KEPT = 28 * 86_400_000
"""Milliseconds."""


class Archive:
    """The events of one member, in the order they were processed; `most` are given out at a time."""

    def __init__(self, member: str, most: int) -> None:
        self.member = member
        self.most = most
        self.events: list[dict[str, Any]] = []
        self.threads: dict[str, Sequence[str]] = {}
        """The others in each conversation."""

    def thread_with(self, people: Sequence[str]) -> str:
        """Find the conversation with these people; it begins where there is none."""
        for thread, others in self.threads.items():
            if list(others) == list(people):
                return thread
        thread = f"urn:li:messagingThread:2-{base64.b64encode(secrets.token_bytes(24)).decode()}"
        self.threads[thread] = tuple(people)
        return thread

    def write(self, sender: str, text: str, *, thread: str = "", **more: Any) -> str:
        """Have a person write to the member; give the message's id."""
        return self.record(sender, thread or self.thread_with([sender]), text, **more)

    def record(
        self,
        actor: str,
        thread: str,
        text: str,
        *,
        subject: str = "",
        attachments: Sequence[Any] = (),
        at: int | None = None,
        resource: str = "messages",
        method: str = "CREATE",
    ) -> str:
        """Write an event down; give the id of what it is about."""
        id_ = f"2-{base64.b64encode(secrets.token_bytes(18)).decode()}"
        now = round(time.time() * 1000) if at is None else at
        activity = {
            "id": id_,
            "owner": self.member,
            "author": actor,
            "thread": thread,
            "createdAt": now,
            "deliveredAt": now,
            "subject": subject,
            "content": {"format": "TEXT", "fallback": text, "formatVersion": 1, "content": {"string": text}},
            "attachments": list(attachments),
        }
        self.events.append(
            {
                "owner": self.member,
                "actor": actor,
                "resourceName": resource,
                "resourceId": id_,
                "resourceUri": f"/{resource}/{id_}",
                "method": method,
                "configVersion": 1,
                "capturedAt": now,
                "processedAt": now,
                "id": len(self.events) + 1,
                "activity": activity,
                "processedActivity": {**activity, "thread": {"membership": [{"identity": actor}]}},
            }
        )
        return id_

    def page(self, since: int, start: int, count: int, *, now: int) -> dict[str, Any]:
        """Give the events processed from a time on, that time included; nothing older than is kept."""
        count = min(count or 10, self.most)
        known = [event for event in self.events if event["processedAt"] >= max(since, now - KEPT)]
        return {
            "elements": known[start : start + count],
            "paging": {"start": start, "count": count, "total": len(known), "links": []},
        }
