"""Addresses: the one way each is written inside, and the country of a phone number."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

import phonenumbers

_SEPARATORS = str.maketrans("", "", " ()-./\u00a0\u202f\u2010\u2011\u200e\u200f\u202a\u202c\u2066\u2068\u2069")
"""What stands between digits, and the invisible marks of direction that come along when a number is copied."""
_LONGEST_WRITTEN = 40
"""Characters in a phone number as people write it."""
_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
"""E.164 in shape: up to 15 digits; fewer than six reach nobody abroad."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
"""Dot-atom (with UTF-8, RFC 6531) or quoted string, RFC 5321 section 4.1.2."""
_LABEL = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_EMAIL, _LONGEST_LOCAL = 254, 64
"""Octets, RFC 5321 section 4.5.3.1 (a path is two longer, for its angle brackets)."""

_LONGEST_OTHER = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def phone(text: str) -> str:
    """Write a phone number as E.164 with `+`; a number without plus or `00` is taken as international too.

    Raises ValueError. Only the shape is strict: numbers that no plan has given out (tests, examples, new ranges) pass.
    """
    if len(text) > _LONGEST_WRITTEN:
        raise ValueError("A phone number has at most 15 digits.")
    digits = text.strip().translate(_SEPARATORS).removeprefix("00")
    number = digits if digits.startswith("+") else f"+{digits}"
    if number.startswith("+0"):
        raise ValueError(f"{text!r} has no country code: write the phone number as +441234567890.")
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{text!r} is no phone number: write + and 6 to 15 digits, as +441234567890.")
    return _normal(number)


@lru_cache(maxsize=65_536)
def _normal(number: str) -> str:
    """Drop what a plan does not want within an international number, such as the zero of `+44 (0)1234 567890`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    # Of a number that no plan knows, nobody knows either what does not belong to it.
    if not phonenumbers.is_valid_number(parsed):
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def country_of(number: str) -> str:
    """Find the ISO 3166 code of a number's country; empty where it has none.

    Countries that share a calling code are told apart by the area; a number that its plan does not know belongs to
    the main country of the calling code.
    """
    number = number if number.startswith("+") else f"+{number}"
    return _country(number) if _NUMBER.fullmatch(number) else ""


@lru_cache(maxsize=65_536)
def _country(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    # "001" stands for a code of no country (freephone, satellites), "ZZ" for one that is not given out.
    return str(region) if region.isalpha() and region != "ZZ" else ""


def email(text: str) -> str:
    """Check an e-mail address (RFC 5321 and 6531) and write its domain in lower case; raises ValueError."""
    text = text.strip(" ")
    if not text.isprintable():
        raise ValueError("An e-mail address holds no line breaks or control characters.")
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError(f"{text[:80]!r} is no e-mail address: it has no @.")
    if len(text.encode()) > _LONGEST_EMAIL or len(local.encode()) > _LONGEST_LOCAL:
        raise ValueError("An e-mail address has at most 254 octets, 64 of them before the @.")
    if not _LOCAL.fullmatch(local):
        raise ValueError(f"{text!r} is no e-mail address: {local!r} cannot stand before the @.")
    domain = unicodedata.normalize("NFKC", domain).lower()
    if not _is_domain(domain):
        raise ValueError(f"{text!r} is no e-mail address: {domain!r} is no domain.")
    return f"{local}@{domain}"


def _is_domain(domain: str) -> bool:
    try:
        ascii_form = domain.encode("idna")
    except UnicodeError:
        return False
    labels = ascii_form.split(b".")
    # The codec also takes ideographic full stops for dots; mail servers do not.
    return len(labels) == domain.count(".") + 1 and all(map(_LABEL.fullmatch, labels))


def _other(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("An address holds no control characters.")
    text = text.strip()
    if not text:
        raise ValueError("An address is not empty.")
    if len(text) > _LONGEST_OTHER:
        raise ValueError(f"An address has at most {_LONGEST_OTHER} characters.")
    return text


_CHECKS: dict[str, Callable[[str], str]] = {"phonenumber": phone, "emailaddress": email}


def address(identifier_key: str, text: str) -> str:
    """Write an address the one way its `identifierKey` asks for; raises ValueError."""
    return _CHECKS.get(identifier_key, _other)(text)


def country_refusal(number_without_plus: str, country: str, channel_name: str, allowed: Sequence[str]) -> str:
    """Say, in the published words, that a channel may not send to a number's country."""
    return (
        f"Not allowed to send message to {number_without_plus} ({country}) for {channel_name} channel. "
        f"Allowed country codes are: {','.join(allowed)} (paramName: phoneNumberCountryCode)"
    )


def invalid_request(items: Sequence[str]) -> str:
    """List, in the published form, everything that is wrong with a request."""
    return "Invalid request:" + "".join(f"\r\n{number}) {item}" for number, item in enumerate(items, 1))
