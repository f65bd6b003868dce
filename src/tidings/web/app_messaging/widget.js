// @ts-check
/**
 * `<tidings-chat>`: a chat that is pleasant to use, with keys, by ear, on a phone and in the dark.
 *
 *     import "https://hub.example/app-messaging/widget.js";
 *     const chat = document.createElement("tidings-chat");
 *     chat.setAttribute("space", "…");
 *     chat.authenticate = async (nonce) => (await fetch("/chat-token", { method: "POST", body: nonce })).text();
 *     document.body.append(chat);
 *
 * Attributes: `space`, `hub`, `conversation`, `user`, `label`, `lang`, `theme` (`light`, `dark`), `open`.
 * Events: `tidings-open`, `tidings-close`, `tidings-unread`, `tidings-state`, `tidings-conversation`; the `detail` of
 * the last three is what it is now.
 *
 * @typedef {import("./tidings-messaging.js").Conversation} Conversation
 * @typedef {import("./tidings-messaging.js").State} State
 * @typedef {import("./widget-texts.js").Texts} Texts
 *
 * What its pieces know of the chat.
 * @typedef {object} Chat
 * @property {Texts} words
 * @property {string} language
 * @property {string} profile
 * @property {boolean} isGroup
 * @property {Conversation | null} conversation
 * @property {(url: string) => Promise<Blob>} content
 * @property {(error: unknown) => void} failed
 */

import { Messaging } from "./tidings-messaging.js";
import { Composer } from "./widget-composer.js";
import { Log } from "./widget-log.js";
import { icon, make } from "./widget-message.js";
import { fill, textsIn } from "./widget-texts.js";

/** Milliseconds before it is worth saying that there is no connection. */
const GRACE = 1500;
/** Where the chat fills the screen. */
const SMALL = "(max-width: 480px)";

export class TidingsChat extends HTMLElement {
  static observedAttributes = ["open", "label", "lang"];

  /** Ask your own server for a token with this nonce. @type {((nonce: string) => Promise<string>) | null} */
  authenticate = null;
  /** Words of your own. @type {Partial<Texts>} */
  texts = {};
  /** The client beneath. @type {Messaging | null} */
  messaging = null;
  /** @type {Conversation | null} */
  #conversation = null;
  /** @type {any} what is shown, by name; null while it stands in no page */
  #shown = null;
  /** @type {any} */
  #grace = null;
  #unread = 0;
  #isOpening = false;

  get isOpen() {
    return this.hasAttribute("open");
  }

  /** What is talked in; null until it is there. */
  get conversation() {
    return this.#conversation;
  }

  /** How many messages were not read. */
  get unread() {
    return this.#unread;
  }

  open() {
    this.setAttribute("open", "");
  }

  close() {
    this.removeAttribute("open");
  }

  /** End the session, and leave nothing of it in the browser: for when people log out. */
  async end() {
    await this.#client()?.end();
    this.#leave();
    this.#enter();
  }

  connectedCallback() {
    this.#enter();
  }

  disconnectedCallback() {
    this.#leave();
  }

  attributeChangedCallback(/** @type {string} */ name) {
    if (!this.#shown) return;
    if (name === "open") this.#turn();
    else this.#label();
  }

  #enter() {
    this.#build();
    this.#label();
    if (this.isOpen) this.#turn();
    // The page may set `authenticate` just after. Whoever has not written before costs the hub nothing until then.
    setTimeout(() => {
      if (this.#shown && !this.isOpen && this.#client()?.isRemembered) this.#start();
    });
  }

  #leave() {
    clearTimeout(this.#grace);
    this.messaging?.stop();
    this.#shown?.log.end();
    this.#shown = this.#conversation = this.messaging = null;
    this.#unread = 0;
  }

  /** @returns {Chat} */
  #chat() {
    const element = this;
    return {
      get words() {
        return element.#words;
      },
      get language() {
        return element.#language;
      },
      get profile() {
        return element.messaging?.profile ?? "";
      },
      get isGroup() {
        return (element.#conversation?.participants.length ?? 0) > 2;
      },
      get conversation() {
        return element.#conversation;
      },
      content: (url) => /** @type {Messaging} */ (this.messaging).content(url),
      failed: (error) => console.warn(error),
    };
  }

  get #words() {
    return { ...textsIn(this.#language), ...this.texts };
  }

  get #language() {
    const said = this.closest("[lang]")?.getAttribute("lang") || navigator.language || "en";
    try {
      return Intl.getCanonicalLocales(said)[0] ?? "en";
    } catch {
      return "en";
    }
  }

  // -- the client --------------------------------------------------------------------------------------------------

  #client() {
    const space = this.getAttribute("space");
    if (!this.messaging && this.authenticate && space) {
      const [hub, user] = ["hub", "user"].map((name) => this.getAttribute(name) ?? undefined);
      this.messaging = new Messaging({ space, hub, user, authenticate: this.authenticate });
      this.messaging.on("state", (state) => this.#fares(state));
    }
    return this.messaging;
  }

  #start() {
    const client = this.#client();
    if (client) client.start();
    else if (this.isOpen) console.error("<tidings-chat> needs its attribute space, and its property authenticate.");
  }

  /** @param {State} state */
  #fares(state) {
    if (!this.#shown) return;
    this.#tell("tidings-state", state);
    clearTimeout(this.#grace);
    const words = this.#words;
    const said = state === "live" || state === "stopped" ? "" : words[state];
    const show = () => this.#say(said, state === "refused");
    // What is over in a moment is not worth a word.
    if ((state === "connecting" || state === "waiting") && !this.#shown.banner.textContent)
      this.#grace = setTimeout(show, GRACE);
    else show();
    if (state === "live") this.#converse();
  }

  /** @param {string} text */
  #say(text, mayTryAgain = false) {
    this.#shown.banner.textContent = text;
    this.#shown.again.hidden = !mayTryAgain;
  }

  async #converse() {
    const { messaging } = this;
    if (!messaging || this.#conversation || this.#isOpening) return;
    this.#isOpening = true;
    try {
      const id = this.getAttribute("conversation");
      const conversation = await (id ? messaging.conversation(id) : messaging.create());
      if (messaging === this.messaging && this.#shown) this.#show(conversation);
    } catch (error) {
      console.warn(error);
      if (messaging === this.messaging && this.#shown) this.#say(this.#words.refused, true);
    } finally {
      this.#isOpening = false;
    }
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    const { log, composer } = this.#shown;
    this.#conversation = conversation;
    log.show(conversation);
    composer.begin();
    conversation.on("message", () => this.#count());
    conversation.on("change", () => this.#count());
    this.#count();
    this.#tell("tidings-conversation", conversation);
  }

  #again() {
    this.#say("");
    if (this.messaging?.state === "live") this.#converse();
    else this.#start();
  }

  // -- what is shown -----------------------------------------------------------------------------------------------

  #build() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const chat = this.#chat();
    const [log, composer] = [new Log(chat), new Composer(chat)];
    const badge = make("span", { class: "badge", part: "badge", hidden: true, "aria-hidden": "true" });
    const launcher = make(
      "button",
      {
        type: "button",
        class: "launcher",
        part: "launcher",
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        click: () => (this.isOpen ? this.close() : this.open()),
      },
      icon("chat"),
      badge,
    );
    const title = make("h2", { id: "title", part: "title" });
    const close = make("button", { type: "button", class: "plain", click: () => this.close() }, icon("close"));
    const banner = make("span", { role: "status" });
    const again = make("button", { type: "button", hidden: true, click: () => this.#again() });
    const panel = make(
      "section",
      {
        class: "panel",
        part: "panel",
        role: "dialog",
        "aria-labelledby": "title",
        hidden: true,
        keydown: (/** @type {KeyboardEvent} */ event) => this.#hold(event),
      },
      make("header", { part: "header" }, title, close),
      make("div", { class: "banner" }, banner, again),
      log.element,
      composer.element,
    );
    const all = make("div", { class: "all", hidden: true }, panel, launcher);
    const ready = () => {
      all.hidden = false;
    };
    const style = make("link", {
      rel: "stylesheet",
      href: new URL("widget.css", import.meta.url).href,
      load: ready,
      error: ready,
    });
    root.replaceChildren(style, all);
    this.#shown = { badge, launcher, title, close, banner, again, panel, log, composer };
  }

  #label() {
    const words = this.#words;
    const { title, close, again, log, composer } = this.#shown;
    title.textContent = this.getAttribute("label") || words.title;
    close.setAttribute("aria-label", words.close);
    again.textContent = words.retry;
    log.label();
    composer.label();
    this.#count();
  }

  /** Show the panel, or put it away; who used keys goes on where they were. */
  #turn() {
    const { panel, launcher, log, composer } = this.#shown;
    if (panel.hidden !== this.isOpen) return;
    panel.hidden = !this.isOpen;
    launcher.setAttribute("aria-expanded", String(this.isOpen));
    this.#count();
    if (this.isOpen) {
      this.#start();
      log.toEnd();
      composer.refresh();
      composer.focus();
    } else launcher.focus({ preventScroll: true });
    this.#tell(this.isOpen ? "tidings-open" : "tidings-close");
  }

  #count() {
    if (!this.#shown) return;
    const { badge, launcher } = this.#shown;
    const words = this.#words;
    const unread = this.#conversation?.unread ?? 0;
    badge.textContent = unread > 99 ? "99+" : String(unread);
    badge.hidden = !unread || this.isOpen;
    const label = this.isOpen ? words.close : words.open;
    launcher.setAttribute("aria-label", badge.hidden ? label : `${label}, ${fill(words.unread, { n: unread })}`);
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#tell("tidings-unread", unread);
  }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** @param {KeyboardEvent} event */
  #hold(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    }
    // Where the chat fills the screen there is nothing else to go to.
    if (event.key !== "Tab" || !matchMedia(SMALL).matches) return;
    const every = this.#shown.panel.querySelectorAll("a, button, textarea, .message[tabindex='0']");
    const reached = [...every].filter((each) => !each.disabled && each.offsetParent !== null);
    const [last, first] = event.shiftKey ? [reached[0], reached.at(-1)] : [reached.at(-1), reached[0]];
    if (this.shadowRoot?.activeElement !== last) return;
    event.preventDefault();
    first.focus();
  }
}

if (!customElements.get("tidings-chat")) customElements.define("tidings-chat", TidingsChat);
