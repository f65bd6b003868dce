"""What the pages for people say, in the languages that they are written in; English stands for every other.

`{whom}` is the reader's address, `{sender}` whose messages they are about.
"""

from typing import Final

from msgspec import Struct


class Texts(Struct, frozen=True, kw_only=True):
    """One language."""

    lost: str
    lost_more: str
    gone: str
    gone_more: str
    later: str
    later_more: str
    ask: str
    ask_more: str
    ask_small: str
    button: str
    done: str
    done_more: str
    close: str
    you: str
    """Whom it means where no address is known."""


TEXTS: Final[dict[str, Texts]] = {
    "en": Texts(
        lost="This link leads nowhere",
        lost_more="Perhaps a part of it is missing. Please open it from the message again, or copy it as a whole.",
        gone="This link has expired",
        gone_more="It was made for a limited time. Whoever sent you the message can tell you where to look now.",
        later="Please try again in a minute",
        later_more="Too much is being asked of us at the moment. Your link is all right.",
        ask="Unsubscribe?",
        ask_more="{sender} will send no more e-mails of this kind to {whom}.",
        ask_small="If you did not mean to come here, close this page: nothing has changed.",
        button="Unsubscribe",
        done="You are unsubscribed",
        done_more="{sender} has been told to send no more e-mails of this kind to {whom}. "
        "One that is already on its way may still come.",
        close="You can close this page.",
        you="you",
    ),
    "nl": Texts(
        lost="Deze link leidt nergens heen",
        lost_more="Misschien ontbreekt er een stuk. Open de link opnieuw vanuit het bericht, of kopieer hem helemaal.",
        gone="Deze link is verlopen",
        gone_more="Hij was maar een tijd geldig. De afzender van het bericht kan u zeggen waar u nu moet zijn.",
        later="Probeer het over een minuut opnieuw",
        later_more="Er wordt op dit moment te veel van ons gevraagd. Met uw link is niets mis.",
        ask="Afmelden?",
        ask_more="{sender} stuurt dan geen e-mails van deze soort meer naar {whom}.",
        ask_small="Kwam u hier per ongeluk? Sluit deze pagina: er is niets veranderd.",
        button="Afmelden",
        done="U bent afgemeld",
        done_more="{sender} heeft de opdracht geen e-mails van deze soort meer naar {whom} te sturen. "
        "Een e-mail die al onderweg is, kan nog aankomen.",
        close="U kunt deze pagina sluiten.",
        you="u",
    ),
    "de": Texts(
        lost="Dieser Link führt nirgendwohin",
        lost_more="Vielleicht fehlt ein Teil. Bitte öffnen Sie ihn noch einmal aus der Nachricht, oder kopieren Sie "
        "ihn ganz.",
        gone="Dieser Link ist abgelaufen",
        gone_more="Er galt nur eine Zeit lang. Wer Ihnen die Nachricht geschickt hat, kann Ihnen sagen, wie es "
        "weitergeht.",
        later="Bitte versuchen Sie es in einer Minute noch einmal",
        later_more="Gerade wird zu viel auf einmal von uns verlangt. Ihr Link ist in Ordnung.",
        ask="Abmelden?",
        ask_more="{sender} schickt dann keine E-Mails dieser Art mehr an {whom}.",
        ask_small="Wenn Sie nicht hierher wollten, schließen Sie diese Seite: Es hat sich nichts geändert.",
        button="Abmelden",
        done="Sie sind abgemeldet",
        done_more="{sender} ist beauftragt, keine E-Mails dieser Art mehr an {whom} zu schicken. "
        "Eine, die schon unterwegs ist, kann noch ankommen.",
        close="Sie können diese Seite schließen.",
        you="Sie",
    ),
    "fr": Texts(
        lost="Ce lien ne mène nulle part",
        lost_more="Il en manque peut-être une partie. Ouvrez-le de nouveau depuis le message, ou copiez-le en entier.",
        gone="Ce lien a expiré",
        gone_more="Il n’était valable qu’un temps. L’expéditeur du message peut vous indiquer où aller.",
        later="Veuillez réessayer dans une minute",
        later_more="Trop de demandes nous parviennent en ce moment. Votre lien est bon.",
        ask="Se désabonner ?",
        ask_more="{sender} n’enverra plus d’e-mails de ce type à {whom}.",
        ask_small="Si vous êtes ici par erreur, fermez cette page : rien n’a changé.",
        button="Se désabonner",
        done="Vous êtes désabonné",
        done_more="{sender} a reçu l’instruction de ne plus envoyer d’e-mails de ce type à {whom}. "
        "Un e-mail déjà en route peut encore arriver.",
        close="Vous pouvez fermer cette page.",
        you="vous",
    ),
    "es": Texts(
        lost="Este enlace no lleva a ninguna parte",
        lost_more="Quizá falte una parte. Ábralo de nuevo desde el mensaje, o cópielo entero.",
        gone="Este enlace ha caducado",
        gone_more="Solo era válido por un tiempo. Quien le envió el mensaje puede decirle dónde buscar ahora.",
        later="Vuelva a intentarlo dentro de un minuto",
        later_more="En este momento recibimos demasiadas peticiones. Su enlace está bien.",
        ask="¿Darse de baja?",
        ask_more="{sender} no enviará más correos de este tipo a {whom}.",
        ask_small="Si ha llegado aquí sin querer, cierre esta página: no ha cambiado nada.",
        button="Darse de baja",
        done="Se ha dado de baja",
        done_more="Se ha indicado a {sender} que no envíe más correos de este tipo a {whom}. "
        "Uno que ya esté en camino puede llegar todavía.",
        close="Puede cerrar esta página.",
        you="usted",
    ),
}
"""By language (RFC 5646)."""
DEFAULT: Final = "en"


def language_of(accepted: str) -> str:
    """Choose the language that a reader likes best of those there are (Accept-Language, RFC 9110 12.5.4)."""
    best, chosen = 0.0, DEFAULT
    for each in accepted.split(",")[:50]:
        name, _, parameters = each.strip().partition(";")
        weight = _weight(parameters)
        language = name.strip().lower().partition("-")[0]
        if language in TEXTS and weight > best:
            best, chosen = weight, language
    return chosen


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
