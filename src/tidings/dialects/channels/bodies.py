"""What a message says, read from the vocabulary's bodies."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from tidings.dialects.channels import shapes
from tidings.dialects.reading import Problems, explain, is_web_address
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media, Template

IMAGES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""MIME types by the end of a picture's URL; a picture whose URL does not tell is `image/*`."""

DEFAULT_BUTTON: Final = "Options"
"""What opens a list that says no title."""


def read_body(body: Raw, *, platform: str, problems: Problems) -> Content:
    """Read a body; one of a type we have no word for goes to the channel's platform as it is."""
    try:
        kind = msgspec.json.decode(body, type=shapes.Kind).type
    except msgspec.ValidationError as error:
        problems.errors.append(explain(error, under="body"))
        return Content()
    if kind not in _READERS:
        return Content(native={platform: body})
    shape, read = _READERS[kind]
    try:
        said = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        problems.errors.append(explain(error, under="body"))
        return Content()
    inside = getattr(said, kind)
    return read(inside, f"body.{kind}", problems)


def read_template(asked: shapes.TemplateBody, problems: Problems) -> Content:
    """Read a template; it is found by its project or by its name."""
    if bool(asked.project_id) == bool(asked.name):
        problems.add("template", "Either `projectId` or `name` says which template it is.", "required")
    template = Template(
        name=asked.name,
        project=asked.project_id,
        version=asked.version,
        locale=asked.locale,
        variables=asked.variables,
    )
    return Content(template=template)


def check_letterhead(letterhead: shapes.Letterhead, path: str, problems: Problems) -> None:
    """Note a subject or header that would break out of its line (RFC 5322, 2.2)."""
    if not is_one_line(letterhead.subject):
        problems.add(f"{path}.subject", "A subject is one line.")
    for name, value in letterhead.headers.items():
        is_name = name.isascii() and name.isprintable() and not {" ", ":"} & set(name)
        if not name or not is_name or not is_one_line(value):
            problems.add(f"{path}.headers.{name}", "A header is a name without spaces or colon, and one line of text.")


def is_one_line(text: str) -> bool:
    """Whether a text can stand in a header without adding another."""
    return "\r" not in text and "\n" not in text


def _read_text(body: shapes.TextBody, path: str, problems: Problems) -> Content:
    check_letterhead(body.metadata, f"{path}.metadata", problems)
    return Content(
        text=body.text,
        title=body.metadata.subject,
        headers=body.metadata.headers,
        actions=_actions(body.actions, path, problems),
        media=_media(body.attachments, f"{path}.attachments", problems),
    )


def _read_html(body: shapes.HtmlBody, path: str, problems: Problems) -> Content:
    check_letterhead(body.metadata, f"{path}.metadata", problems)
    return Content(
        html=body.html,
        text=body.text,
        title=body.metadata.subject,
        headers=body.metadata.headers,
        media=_media(body.attachments, f"{path}.attachments", problems),
    )


def _read_image(body: shapes.ImageBody, path: str, problems: Problems) -> Content:
    images = _media(body.images, f"{path}.images", problems)
    return Content(
        text=body.text,
        media=tuple(msgspec.structs.replace(each, type=each.type or _image_type(each.url)) for each in images),
        actions=_actions(body.actions, path, problems),
    )


def _read_file(body: shapes.FileBody, path: str, problems: Problems) -> Content:
    check_letterhead(body.metadata, f"{path}.metadata", problems)
    return Content(
        text=body.text,
        title=body.metadata.subject,
        headers=body.metadata.headers,
        media=_media(body.files, f"{path}.files", problems),
        actions=_actions(body.actions, path, problems),
    )


def _read_list(body: shapes.ListBody, path: str, problems: Problems) -> Content:
    choices: list[Choice] = []
    for index, section in enumerate(body.items):
        choices.extend(
            Choice(id=action.payload or action.label, title=action.label, section=section.title)
            for action in _actions(section.actions, f"{path}.items[{index}]", problems)
        )
    button = body.metadata.button.label or body.title or DEFAULT_BUTTON
    return Content(text=body.text, listing=Listing(button=button, choices=tuple(choices), header=body.title))


def _read_carousel(body: shapes.CarouselBody, path: str, problems: Problems) -> Content:
    cards = []
    for index, item in enumerate(body.items):
        at = f"{path}.items[{index}]"
        if item.media_url:
            _check_address(item.media_url, f"{at}.mediaUrl", problems)
        picture = Media(type=_image_type(item.media_url), url=item.media_url, caption=item.alt_text)
        cards.append(
            Card(
                title=item.title,
                text=item.description,
                media=picture if item.media_url else None,
                actions=_actions(item.actions, at, problems),
            )
        )
    return Content(text=body.text, cards=tuple(cards))


def _read_location(body: shapes.LocationBody, _path: str, _problems: Problems) -> Content:
    where = body.coordinates
    place = Location(where.latitude, where.longitude, name=body.location.label, address=body.location.address)
    return Content(location=place)


_READERS: Final[dict[str, tuple[Any, Callable[[Any, str, Problems], Content]]]] = {
    kind: (msgspec.defstruct("Body", [(kind, shape)], frozen=True), read)
    for kind, shape, read in (
        ("text", shapes.TextBody, _read_text),
        ("html", shapes.HtmlBody, _read_html),
        ("image", shapes.ImageBody, _read_image),
        ("file", shapes.FileBody, _read_file),
        ("list", shapes.ListBody, _read_list),
        ("carousel", shapes.CarouselBody, _read_carousel),
        ("location", shapes.LocationBody, _read_location),
    )
}
"""By type: the body's shape, whose one field has the type's name, and how it is read."""


def _actions(asked: Iterable[shapes.Action], path: str, problems: Problems) -> tuple[Action, ...]:
    actions = (_action(each, f"{path}.actions[{index}]", problems) for index, each in enumerate(asked))
    return tuple(each for each in actions if each)


def _action(asked: shapes.Action, path: str, problems: Problems) -> Action | None:
    if asked.type not in _ACTIONS:
        problems.add(f"{path}.type", f"An action is one of {', '.join(_ACTIONS)}.", "unknown")
        return None
    said = getattr(asked, asked.type)
    if said is None or not said.text:
        problems.add(f"{path}.{asked.type}.text", "This field is required.", "required")
        return None
    if asked.type == "link":
        _check_address(said.url, f"{path}.link.url", problems)
    return Action(
        label=said.text,
        kind=_ACTIONS[asked.type],
        payload=getattr(said, "payload", ""),
        url=getattr(said, "url", ""),
        phone=getattr(said, "phone_number", ""),
    )


_ACTIONS: Final = {"reply": "reply", "postback": "reply", "link": "link", "call": "call", "location": "location"}
"""Our kind of an action, by the vocabulary's type; a reply with a payload is a postback."""


def _media(asked: Iterable[shapes.Media], path: str, problems: Problems) -> tuple[Media, ...]:
    media = []
    for index, each in enumerate(asked):
        _check_address(each.media_url, f"{path}[{index}].mediaUrl", problems)
        media.append(Media(type=each.content_type, url=each.media_url, name=each.filename, caption=each.alt_text))
    return tuple(media)


def _check_address(url: str, path: str, problems: Problems) -> None:
    if not is_web_address(url):
        problems.add(path, "An absolute http or https URL is needed, without credentials.")


def _image_type(url: str) -> str:
    return IMAGES.get(url.partition("?")[0].rpartition(".")[2].lower(), "image/*")
