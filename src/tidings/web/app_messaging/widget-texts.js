// @ts-check
/** What the chat says, by language. A page may give words of its own: `chat.texts = { title: "Ask us" }`. */

const en = {
  title: "Chat with us",
  open: "Open chat",
  close: "Close chat",
  unread: "{n} unread",
  messages: "Messages",
  write: "Write a message",
  send: "Send",
  attach: "Attach a file",
  remove: "Remove {name}",
  empty: "Write to us: we are happy to help.",
  older: "Show earlier messages",
  newest: "New messages",
  you: "You",
  us: "Us",
  sending: "Sending",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not sent",
  retry: "Try again",
  discard: "Delete",
  typing: "{name} is typing",
  more: "React to the message",
  react: "React with {emoji}",
  askDelete: "Ask for deletion",
  deleteAsked: "Asked to be deleted",
  connecting: "Connecting …",
  waiting: "Connection lost. Trying again …",
  offline: "You are offline. What you write is sent when you are back.",
  refused: "The chat is not available now.",
  download: "Download {name}",
  file: "File",
  unknown: "This cannot be shown here.",
};

/** @type {Record<string, Partial<typeof en>>} */
const others = {
  nl: {
    title: "Chat met ons",
    open: "Chat openen",
    close: "Chat sluiten",
    unread: "{n} ongelezen",
    messages: "Berichten",
    write: "Schrijf een bericht",
    send: "Versturen",
    attach: "Bestand toevoegen",
    remove: "{name} verwijderen",
    empty: "Schrijf ons: we helpen je graag.",
    older: "Eerdere berichten tonen",
    newest: "Nieuwe berichten",
    you: "Jij",
    us: "Wij",
    sending: "Wordt verstuurd",
    sent: "Verstuurd",
    delivered: "Afgeleverd",
    read: "Gelezen",
    failed: "Niet verstuurd",
    retry: "Opnieuw proberen",
    discard: "Verwijderen",
    typing: "{name} is aan het typen",
    more: "Op het bericht reageren",
    react: "Reageren met {emoji}",
    askDelete: "Om verwijdering vragen",
    deleteAsked: "Verwijdering gevraagd",
    connecting: "Verbinden …",
    waiting: "Geen verbinding. We proberen het opnieuw …",
    offline: "Je bent offline. Wat je schrijft, wordt verstuurd zodra je weer online bent.",
    refused: "De chat is nu niet beschikbaar.",
    download: "{name} downloaden",
    file: "Bestand",
    unknown: "Dit kan hier niet worden getoond.",
  },
  de: {
    title: "Schreiben Sie uns",
    open: "Chat öffnen",
    close: "Chat schließen",
    unread: "{n} ungelesen",
    messages: "Nachrichten",
    write: "Nachricht schreiben",
    send: "Senden",
    attach: "Datei anhängen",
    remove: "{name} entfernen",
    empty: "Schreiben Sie uns: Wir helfen gern.",
    older: "Frühere Nachrichten zeigen",
    newest: "Neue Nachrichten",
    you: "Sie",
    us: "Wir",
    sending: "Wird gesendet",
    sent: "Gesendet",
    delivered: "Zugestellt",
    read: "Gelesen",
    failed: "Nicht gesendet",
    retry: "Noch einmal versuchen",
    discard: "Löschen",
    typing: "{name} schreibt",
    more: "Auf die Nachricht reagieren",
    react: "Mit {emoji} reagieren",
    askDelete: "Um Löschung bitten",
    deleteAsked: "Löschung erbeten",
    connecting: "Verbindung wird aufgebaut …",
    waiting: "Keine Verbindung. Wir versuchen es wieder …",
    offline: "Sie sind offline. Was Sie schreiben, wird gesendet, sobald Sie wieder online sind.",
    refused: "Der Chat ist zurzeit nicht verfügbar.",
    download: "{name} herunterladen",
    file: "Datei",
    unknown: "Das kann hier nicht gezeigt werden.",
  },
};

/** @typedef {typeof en} Texts */

/** The languages there are. */
export const LANGUAGES = ["en", ...Object.keys(others)];

/** The words of a language such as `nl-BE`; English where there are none. @param {string} language @returns {Texts} */
export function textsIn(language) {
  return { ...en, ...others[language.toLowerCase().split("-")[0]] };
}

/** Put values where a text names them. @param {string} text @param {Record<string, unknown>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
