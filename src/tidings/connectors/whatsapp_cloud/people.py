"""How people are known: by their phone number, or by an id that only this business knows them by.

User ids https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

import re

from tidings.rules.addresses import phone

USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
"""A business-scoped user id, or a parent one."""

USER_ID_KEY = "whatsappuserid"
"""`identifierKey` of people who show no phone number."""


def person(number: str | None, user_id: str | None) -> tuple[str, str]:
    """Give a person's address, and its `identifierKey` where it is no phone number; both empty where there is none.

    A user id has been seen where the number stands.
    """
    try:
        return phone(number or ""), ""
    except ValueError:
        known = user_id or number or ""
        return (known, USER_ID_KEY) if USER_ID.fullmatch(known) else ("", "")
