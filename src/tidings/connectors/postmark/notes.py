"""What an operator must know of Postmark."""

NOTES = (
    (
        "Postmark signs nothing. Put a name and a password into the URLs of the webhooks and of the inbound stream"
        " (https://user:password@…) and into `webhookLogin`; webhooks may bring a secret header instead."
    ),
    (
        "Set the webhooks of every stream up for deliveries, bounces, complaints, opens, clicks and subscription"
        " changes, each to the callback URL; the inbound stream posts there too. Let it include the raw mail, which is"
        " read more faithfully."
    ),
    (
        "Opens and clicks need tracking; a link that one person follows again is told once. Postmark flags no machines:"
        " they are told by their user agents."
    ),
    (
        "Whom Postmark has deactivated (a bounce or a complaint before) is told as refused, though the mail goes to the"
        " others. There is no event for giving up: a mail expires here only where the other server says so."
    ),
    (
        "No request counts once only: where the answer is lost, nothing is sent again, and the webhooks tell what"
        " happened. At most 50 recipients and 10 MB, one tag; delivery cannot be put off."
    ),
)
