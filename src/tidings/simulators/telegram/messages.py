"""Messages as Telegram writes them: those of the bot, in answers, and those of people, in updates."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from tidings.simulators.telegram.checking import FILES
from tidings.simulators.telegram.parameters import Parameters

_ABOUT: dict[str, dict[str, Any]] = {
    "photo": {"width": 1280, "height": 960},
    "video": {"width": 1280, "height": 720, "duration": 3},
    "audio": {"duration": 180},
    "voice": {"duration": 4},
    "video_note": {"length": 240, "duration": 4},
    "document": {},
    "animation": {"width": 320, "height": 180, "duration": 2},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
}
"""What Telegram finds out about a file of a kind."""


def now() -> int:
    """The time as Telegram tells it, Unix seconds."""
    return int(time.time())


def chat_of(chat: int, name: str = "Ana") -> dict[str, Any]:
    """Write a chat: one with a person, or a group, whose ids are negative."""
    if chat < 0:
        return {"id": chat, "type": "supergroup" if str(chat).startswith("-100") else "group", "title": "Us"}
    return {"id": chat, "type": "private", "first_name": name}


def person_of(person: int, name: str = "Ana") -> dict[str, Any]:
    """Write a person."""
    return {"id": person, "is_bot": False, "first_name": name, "language_code": "pt"}


def file_of(kind: str, file: str, size: int) -> Any:
    """Write a file of a message; a photo is a list of its sizes."""
    written = {"file_id": file, "file_unique_id": file[-8:], "file_size": size, **_ABOUT[kind]}
    small = {**written, "file_id": f"{file}-s", "width": 90, "height": 67, "file_size": 1100}
    return [small, written] if kind == "photo" else written


def contents_of(given: Parameters, files: Mapping[str, str]) -> dict[str, Any]:
    """Write what a message of the bot's says; `files` are the ids of its files, by their kind."""
    said: dict[str, Any] = {name: given.get(name) for name in ("text", "caption") if given.get(name)}
    said |= {kind: file_of(kind, file, 1024) for kind, file in files.items() if kind in FILES}
    place = {name: given.get(name) for name in ("latitude", "longitude")}
    if given.get("title"):
        said["venue"] = {"location": place, "title": given["title"], "address": given["address"]}
    if given.get("latitude") is not None:
        said["location"] = place
    if given.get("phone_number"):
        said["contact"] = {"phone_number": given["phone_number"], "first_name": given["first_name"]}
    if given.get("question"):
        said["poll"] = _poll(given)
    markup = given.get("reply_markup") or {}
    if "inline_keyboard" in markup:
        said["reply_markup"] = markup
    return said


def _poll(given: Parameters) -> dict[str, Any]:
    options = [each if isinstance(each, str) else each["text"] for each in given["options"]]
    return {
        "id": str(secrets.randbits(62)),
        "question": given["question"],
        "options": [
            {"persistent_id": str(number), "text": text, "voter_count": 0} for number, text in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
