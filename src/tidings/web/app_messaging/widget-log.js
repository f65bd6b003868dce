// @ts-check
/**
 * The messages, from old to new, with the days between them; read aloud when they come, walked through with arrows.
 *
 * @typedef {import("./tidings-messaging.js").Message} Message
 * @typedef {import("./tidings-messaging.js").Conversation} Conversation
 * @typedef {import("./widget.js").Chat} Chat
 */

import { draw, make, nameOf } from "./widget-message.js";
import { fill } from "./widget-texts.js";

/** Pixels from the end within which new messages are scrolled into sight. */
const NEAR = 80;
/** Milliseconds until screen readers have seen that the history is no news. */
const SETTLED = 300;

export class Log {
  #chat;
  /** @type {Map<Message, HTMLElement>} */
  #drawn = new Map();
  /** @type {Map<Message, () => void>} */
  #watched = new Map();
  #isLoading = false;
  #staysAtEnd = true;
  #resized;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
    this.older = make("button", { type: "button", class: "older", hidden: true, click: () => this.#older() });
    this.empty = make("p", { class: "empty", part: "empty" });
    this.newest = make("button", { type: "button", class: "newest", hidden: true, click: () => this.toEnd() });
    this.typists = make("div", { class: "typists", role: "status" });
    this.log = make("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      part: "log",
      keydown: (/** @type {KeyboardEvent} */ event) => this.#walk(event),
    });
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Pictures come later than the messages that they are in, and what is written above takes room.
    const stay = () => {
      if (this.#staysAtEnd) this.toEnd();
    };
    this.log.addEventListener("load", stay, true);
    this.#resized = new ResizeObserver(stay);
    this.#resized.observe(this.log);
    this.element = make("div", { class: "middle" }, this.older, this.empty, this.log, this.typists, this.newest);
  }

  label() {
    const { words } = this.#chat;
    this.log.setAttribute("aria-label", words.messages);
    this.older.textContent = words.older;
    this.newest.textContent = words.newest;
    this.empty.textContent = words.empty;
  }

  /** Show a conversation from now on. @param {Conversation} conversation */
  show(conversation) {
    this.#quietly(() => {
      this.#arrange();
      this.toEnd();
    });
    conversation.on("message", (message) => this.#came(message));
    conversation.on("change", (message) => {
      const into = this.#drawn.get(message);
      if (into) draw(into, message, this.#chat);
      this.#arrange();
    });
    conversation.on("gone", () => this.#arrange());
    conversation.on("typing", (who) => this.#type(who));
    conversation.on("participants", () => this.#redraw());
  }

  toEnd() {
    this.#staysAtEnd = true;
    this.newest.hidden = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  end() {
    this.#resized.disconnect();
    for (const end of this.#watched.values()) end();
  }

  get #isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
  }

  /** Put all messages where they belong. What stands right is not touched: what is moved is read aloud again. */
  #arrange() {
    const { conversation } = this.#chat;
    const messages = conversation?.messages ?? [];
    const wanted = [];
    let day = "";
    for (const message of messages) {
      const on = new Date(message.sentOn).toDateString();
      if (on !== day) wanted.push(this.#day(message.sentOn, on));
      day = on;
      wanted.push(this.#element(message));
    }
    let place = this.log.firstChild;
    for (const each of wanted) {
      if (each === place) place = place.nextSibling;
      else this.log.insertBefore(each, place);
    }
    const kept = new Set(wanted);
    for (const each of [...this.log.children]) if (!kept.has(each)) each.remove();
    for (const message of this.#drawn.keys()) if (!messages.includes(message)) this.#forget(message);
    if (!this.log.querySelector('.message[tabindex="0"]')) this.#last?.setAttribute("tabindex", "0");
    this.empty.hidden = !conversation || messages.length > 0;
    this.older.hidden = !conversation?.hasOlder;
  }

  #redraw() {
    for (const [message, into] of this.#drawn) draw(into, message, this.#chat);
  }

  get #last() {
    return [...this.log.querySelectorAll(".message")].at(-1);
  }

  /** @param {Message} message */
  #element(message) {
    const known = this.#drawn.get(message);
    if (known) return known;
    const into = make("div", { tabindex: "-1" });
    draw(into, message, this.#chat);
    this.#drawn.set(message, into);
    this.#watched.set(message, /** @type {Conversation} */ (this.#chat.conversation).readWhenSeen(message, into));
    return into;
  }

  /** @param {Message} message */
  #forget(message) {
    this.#watched.get(message)?.();
    this.#watched.delete(message);
    this.#drawn.delete(message);
  }

  /** @param {string} time @param {string} on */
  #day(time, on) {
    const known = this.log.querySelector(`[data-day="${on}"]`);
    if (known) return known;
    const { language } = this.#chat;
    const midnight = (/** @type {Date} */ moment) => moment.setHours(0, 0, 0, 0);
    const days = Math.round((midnight(new Date()) - midnight(new Date(time))) / 864e5);
    const text =
      days < 2
        ? new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day")
        : new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" }).format(new Date(time));
    const shown = text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
    return make("div", { class: "day", "data-day": on }, make("span", {}, shown));
  }

  /** @param {Message} message */
  #came(message) {
    const stays = message.from === this.#chat.profile || this.#staysAtEnd;
    this.#arrange();
    if (stays) this.toEnd();
    else this.newest.hidden = false;
  }

  #scrolled() {
    this.#staysAtEnd = this.#isAtEnd;
    if (this.#staysAtEnd) this.newest.hidden = true;
    if (this.log.scrollTop < NEAR) this.#older();
  }

  async #older() {
    const { conversation } = this.#chat;
    if (!conversation?.hasOlder || this.#isLoading) return;
    this.#isLoading = true;
    try {
      await conversation.older();
      const fromEnd = this.log.scrollHeight - this.log.scrollTop;
      this.#quietly(() => this.#arrange());
      this.log.scrollTop = this.log.scrollHeight - fromEnd;
    } catch (error) {
      this.#chat.failed(error);
    } finally {
      this.#isLoading = false;
    }
  }

  /** Change what is no news. @param {() => void} step */
  #quietly(step) {
    this.log.setAttribute("aria-live", "off");
    step();
    setTimeout(() => this.log.setAttribute("aria-live", "polite"), SETTLED);
  }

  /** @param {string[]} who */
  #type(who) {
    const { words } = this.#chat;
    const name = who.map((each) => nameOf(each) || words.us).join(", ");
    const dots = make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
    this.typists.replaceChildren(
      ...(who.length ? [dots, make("span", { class: "who" }, fill(words.typing, { name }))] : []),
    );
  }

  /** Walk among messages; one of them is where Tab leads to. @param {KeyboardEvent} event */
  #walk(event) {
    const all = [...this.log.querySelectorAll(".message")];
    const now = all.findIndex((each) => each === event.target);
    const next = { ArrowUp: now - 1, ArrowDown: now + 1, Home: 0, End: all.length - 1 }[event.key];
    if (now < 0 || next === undefined || !all[next]) return;
    event.preventDefault();
    for (const each of all) each.setAttribute("tabindex", each === all[next] ? "0" : "-1");
    all[next].focus();
  }
}
