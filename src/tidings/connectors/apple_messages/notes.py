"""What an operator must know of Apple Messages."""

NOTES = (
    (
        "Apple approves messaging service providers and businesses by hand. The MSP has one endpoint, at which Apple"
        " posts to `/message`: give it the callback URL, and where several businesses share the MSP, let a proxy in"
        " front tell them apart by the header `destination-id`."
    ),
    (
        "The person must write first, and is known by an opaque id that is good for this business only; there is no"
        " name and no phone number. After that there is no time limit for answers."
    ),
    (
        "Apple tells of no delivery and no reading, and of no click on a link: sent is the last word. Picks in lists,"
        " times, quick replies and forms are told as clicks, found by the message's id."
    ),
    (
        "Reactions come as texts. English ones are read as reactions to the newest message to the person, for they name"
        " no id; those in other languages stay messages. The setting `readTapbacks` turns this off."
    ),
    (
        "A person who closes the conversation asks to be left alone (`unsubscribe-request`); Apple may take messages to"
        " them all the same, so do not send any until they write again."
    ),
    (
        "A token proves that Apple is speaking, and not what is said: only TLS protects the body. Keep the endpoint"
        " behind HTTPS."
    ),
    (
        "Replies become quick replies where there are two to five, else a list. Times, forms, sign-in and apps of the"
        " business's own are written as native bodies: `event`, `dynamic`, `authenticate`, or a whole message. Heed the"
        " device's `capabilities`, told with every inbound message: not every device shows every kind."
    ),
    (
        "The shapes of lists, times, forms and their answers, that Apple takes an id only once (`resend`), and how"
        " large data are packed, have been read from others' programs and not from Apple's own tables: try them with"
        " Apple before going live. An account that is idle for three months may be shut."
    ),
    (
        "Files are encrypted under a key that goes along in the message, so whoever reads a message's raw words can"
        " read its files. Attachments of up to 100 MB are sent; larger replies than 64 MiB are not fetched."
    ),
)
