"""What an operator sets on a channel of in-app messaging."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret
from tidings.rules.conversations.names import profile_id
from tidings.rules.conversations.saying import Sizes
from tidings.rules.conversations.tokens import SHORTEST_SECRET, Trust, public_key

Origin = Annotated[str, Meta(max_length=300)]


class AppSettings(Settings, frozen=True, kw_only=True):
    """Whose apps these are, who vouches for the people in them, and how much they may do."""

    sender: Annotated[
        str, Meta(min_length=1, max_length=255, description="The business's profile, as TEAM\\Customer_Services.")
    ]
    issuer: Annotated[str, Meta(min_length=1, description="`iss` of the tokens that your server makes.")]
    audience: Annotated[str, Meta(min_length=1, description="`aud` of those tokens.")]
    algorithm: Annotated[
        Literal["HS256", "RS256", "PS256", "ES256", "EdDSA"],
        Meta(description="How they are signed; a token signed in any other way is refused."),
    ] = "HS256"
    secret: Annotated[
        Secret | None, Meta(description="For HS256: the secret that they are signed with, at least 32 octets.")
    ] = None
    public_key: Annotated[str, Meta(description="For the others: the public key in PEM.")] = ""
    jwks_url: Annotated[
        str, Meta(description="Or where your public keys are published as a JSON Web Key Set, by https.")
    ] = ""
    id_claim: Annotated[
        str, Meta(min_length=1, max_length=100, description="The claim that names the person's profile.")
    ] = "sub"
    session_hours: Annotated[float, Meta(gt=0, le=24, description="How long a session lasts.")] = 24.0
    origins: Annotated[
        tuple[Origin, ...],
        Meta(max_length=100, description="Web sites whose pages may use the doors, as https://www.example.com."),
    ] = ()
    example: Annotated[
        bool, Meta(description="Whether the example page may let visitors in by itself, with HS256; for trying out.")
    ] = False
    retention_days: Annotated[
        float, Meta(ge=30, le=3650, description="How long conversations can be read back by apps.")
    ] = 30.0
    message_limit: Annotated[int, Meta(ge=1024, le=256 * 1024, description="Largest message, octets.")] = 64 * 1024
    part_limit: Annotated[int, Meta(ge=256, le=256 * 1024, description="Largest data of a part, octets.")] = 32 * 1024
    parts_limit: Annotated[int, Meta(ge=1, le=100, description="Most parts of a message.")] = 10
    file_limit: Annotated[
        int, Meta(ge=0, le=32 * 2**20, description="Largest uploaded file, octets; 0: none is taken.")
    ] = 20 * 2**20
    file_types: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9.+-]+/(\*|[a-z0-9.+-]+)$")], ...],
        Meta(description="Types of files that are taken, as image/png or image/*."),
    ] = (
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "audio/*",
        "video/*",
        "application/pdf",
        "application/zip",
        "text/plain",
    )
    page_limit: Annotated[int, Meta(ge=1, le=1000, description="Most messages or events of one answer.")] = 100
    messages_per_second: Annotated[float, Meta(gt=0, le=1000, description="Of one profile.")] = 10.0
    sockets_per_profile: Annotated[int, Meta(ge=1, le=100, description="Connected at once, of one profile.")] = 5

    def __post_init__(self) -> None:
        """Refuse keys that do not go with the algorithm, and what is no origin or profile; raises ValueError."""
        profile_id(self.sender)
        self._check_keys()
        for each in self.origins:
            if not _is_origin(each):
                raise ValueError(f"origins: {each!r} is no origin; write https://www.example.com, without a path")

    def _check_keys(self) -> None:
        if self.algorithm == "HS256":
            if self.secret is None or self.public_key or self.jwks_url:
                raise ValueError("HS256 needs a secret, and neither publicKey nor jwksUrl")
            if len(self.secret.reveal().encode()) < SHORTEST_SECRET:
                raise ValueError(f"secret has at least {SHORTEST_SECRET} octets")
            return
        if self.secret is not None or bool(self.public_key) == bool(self.jwks_url):
            raise ValueError(f"{self.algorithm} needs either a publicKey or a jwksUrl, and no secret")
        if self.example:
            raise ValueError("example needs HS256: the hub has no key of yours to sign with")
        if self.public_key:
            public_key(self.public_key, self.algorithm)
        elif not self.jwks_url.startswith(("https://", "http://")):
            raise ValueError("jwksUrl starts with https://")

    @property
    def trust(self) -> Trust:
        """What the integrator's tokens must be."""
        return Trust(algorithm=self.algorithm, issuer=self.issuer, audience=self.audience, id_claim=self.id_claim)

    @property
    def key(self) -> Any:
        """What they are proven with; None where that is to be fetched."""
        if self.secret is not None:
            return self.secret.reveal()
        return public_key(self.public_key, self.algorithm) if self.public_key else None

    @property
    def sizes(self) -> Sizes:
        """How much a message may be."""
        return Sizes(message=self.message_limit, part=self.part_limit, parts=self.parts_limit)

    @property
    def keep(self) -> int:
        """Milliseconds that what happens is kept."""
        return round(self.retention_days * 86_400_000)

    @property
    def session_length(self) -> int:
        """Milliseconds that a session lasts."""
        return round(self.session_hours * 3_600_000)


def _is_origin(text: str) -> bool:
    """Whether a text is an origin as browsers write it (RFC 6454 6.1)."""
    try:
        parts = urlsplit(text)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return False
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return parts.scheme in ("https", "http") and bool(host) and text == f"{parts.scheme}://{host}{port}"
