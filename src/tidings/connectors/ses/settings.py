"""What an operator sets on an SES channel, and what a client may ask of one message."""

from typing import Annotated

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.connectors.mail.options import MailOptions
from tidings.connectors.mail.people import address_of, check_own
from tidings.model.secrets import Secret

TOPIC = r"^arn:(aws|aws-cn|aws-us-gov):sns:[a-z0-9-]{3,40}:[0-9]{12}:[A-Za-z0-9_-]{1,256}$"
"""The ARN of a standard topic; a FIFO topic delivers to no URL."""

Topic = Annotated[str, Meta(pattern=TOPIC)]


class SesSettings(Settings, frozen=True, kw_only=True):
    """A sending identity at Amazon SES, in one region."""

    access_key_id: Annotated[
        str,
        Meta(
            description="Of an IAM user that may ses:SendEmail, and s3:GetObject where mails come by S3.",
            pattern=r"^[A-Za-z0-9]{8,128}$",
        ),
    ]
    secret_access_key: Annotated[Secret, Meta(description="The secret that belongs to the access key.")]
    region: Annotated[
        str,
        Meta(
            description="The region whose SES is used, eu-west-1.", pattern=r"^[a-z]{2}(-[a-z]{2,20}){1,3}-[0-9]{1,2}$"
        ),
    ]
    sender: Annotated[
        str, Meta(description='Who mail is from where a message does not say: "Shop <shop@example.com>".')
    ]
    topics: Annotated[
        tuple[Topic, ...],
        Meta(
            description="ARNs of the SNS topics that the channel believes: those of the configuration set's events, of"
            " the identity's notifications, of the receipt rule. Anybody can have a topic of their own, truly signed.",
            min_length=1,
        ),
    ]
    configuration_set: Annotated[
        str,
        Meta(
            description="The configuration set that publishes events to a topic; without one SES tells of nothing but"
            " bounces, complaints and deliveries, and only where the identity is set up to.",
            pattern=r"^[A-Za-z0-9_-]{0,64}$",
        ),
    ] = ""
    reply_to: Annotated[
        str,
        Meta(
            description="Where answers go; {message} in it stands for our id, so that they find what they answer:"
            " reply+{message}@in.example.com."
        ),
    ] = ""
    inbox_bucket: Annotated[
        str,
        Meta(
            description="The S3 bucket, in the same region, that a receipt rule puts incoming mails into; empty where"
            " they come within the notice.",
            pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        ),
    ] = ""
    base_url: Annotated[
        str,
        Meta(
            description="Where the API is, if not at Amazon's place in the region. What is named here is also believed"
            " to be SNS and S3: name a stand-in for trying things out, or an endpoint of Amazon's."
        ),
    ] = ""

    def __post_init__(self) -> None:
        """Raise ValueError where an address cannot be used."""
        check_own(self.sender, self.reply_to)

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.base_url.rstrip("/") or f"https://email.{self.region}.{suffix(self.region)}"

    @property
    def inbox_url(self) -> str:
        """Where the bucket is, addressed by path."""
        where = self.base_url.rstrip("/") or f"https://s3.{self.region}.{suffix(self.region)}"
        return f"{where}/{self.inbox_bucket}"

    @property
    def domain(self) -> str:
        """The domain of our own Message-IDs; SES puts its own in their place, but not in what others forward."""
        return address_of(self.sender).rpartition("@")[2].lower()

    def sns_origins(self, topic: str) -> tuple[str, ...]:
        """Where what a topic names may be: at SNS in the topic's own region, or at the stand-in."""
        _, _, _, region, *_ = topic.split(":")
        own = f"https://sns.{region}.{suffix(region)}"
        return (own, self.base_url.rstrip("/")) if self.base_url else (own,)


class Options(MailOptions, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client may ask of SES for one message (`channelOptions.email`)."""

    configuration_set: str = ""
    contact_list: str = ""
    """The list whose subscription management SES takes over (`ListManagementOptions`)."""
    topic: str = ""
    """The list's topic."""
    tracking_opens: bool | None = None
    tracking_clicks: bool | None = None
    """Where they say nothing, the configuration set decides."""
    email_tags: dict[str, str] = {}
    """Tags for SES's own statistics, beside ours."""
    feedback_address: str = ""
    """Where SES forwards bounces and complaints to as mails."""
    tenant: str = ""


def suffix(region: str) -> str:
    """Give the domain of a region's partition; the Chinese one is on its own."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
