"""How Twilio calls webhooks: signed, and again as the URL's fragment asks for."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from tidings.simulators.simulator import Post

FORM: Final = "application/x-www-form-urlencoded"


class Overrides(Struct, frozen=True):
    """How often, and after what, a webhook is called again."""

    retries: int = 1
    after: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> "Overrides":
        """Read a URL's fragment; what it does not say is Twilio's default, one retry where no connection was made."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(url).fragment).items()}
        retries = int(said["rc"]) if said.get("rc", "").isdigit() else 1
        after = frozenset(said["rp"].split(",")) if "rp" in said else frozenset({"ct"})
        return cls(min(retries, 5), after)

    def again(self, status: int) -> bool:
        """Whether a call that was answered so is made again; 0 is no answer."""
        trouble = {"ct", "rt"} if status == 0 else {f"{status // 100}xx"} & {"4xx", "5xx"}
        return bool(trouble) and ("all" in self.after or bool(trouble & self.after))


class Signer(Struct, frozen=True):
    """Who signs webhooks: the Auth Token, and whether a port in the URL is signed along."""

    token: str
    port_signed: bool = True

    def form(self, url: str, fields: Mapping[str, str], *, once: str, method: str = "POST") -> Post:
        """Write a call with form fields, which a GET has in its query; `once` is the same on every retry."""
        body, signed = urlencode(fields), "".join(f"{name}{fields[name]}" for name in sorted(fields))
        if method == "GET":
            url, body, signed = f"{url}?{body}", "", ""
        headers = {"X-Twilio-Signature": self.sign(url, signed), "I-Twilio-Idempotency-Token": once}
        if body:
            headers["Content-Type"] = f"{FORM}; charset=UTF-8"
        return Post(url, body.encode(), headers, method=method)

    def json(self, url: str, body: bytes) -> Post:
        """Write a call with a JSON body, whose hash stands in the URL."""
        url = f"{url}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        return Post(url, body, {"Content-Type": "application/json", "X-Twilio-Signature": self.sign(url, "")})

    def sign(self, url: str, fields: str) -> str:
        """Sign a URL without its fragment, and the fields."""
        parts = urlsplit(url)._replace(fragment="")
        if parts.port and not self.port_signed:
            parts = parts._replace(netloc=parts.netloc.rpartition(":")[0])
        signed = (parts.geturl() + fields).encode()
        return base64.b64encode(hmac.new(self.token.encode(), signed, hashlib.sha1).digest()).decode()
