// @ts-check
/**
 * Where one writes: Enter sends, Shift and Enter begin a new line; files are chosen, or pasted.
 *
 * @typedef {import("./widget.js").Chat} Chat
 */

import { icon, make } from "./widget-message.js";
import { fill } from "./widget-texts.js";

export class Composer {
  #chat;
  /** @type {File[]} */
  #files = [];
  /** Whether it is to be sent as soon as the conversation is there. */
  #isAsked = false;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
    this.chosen = make("div", { class: "chosen", hidden: true });
    this.picker = make("input", { type: "file", multiple: true, hidden: true, change: () => this.#pick() });
    this.attach = make("button", { type: "button", class: "plain", click: () => this.picker.click() }, icon("attach"));
    this.field = make("textarea", {
      rows: "1",
      dir: "auto",
      enterkeyhint: "send",
      autocomplete: "off",
      class: "field",
      input: () => this.#wrote(),
      keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      paste: (/** @type {ClipboardEvent} */ event) => this.#choose([...(event.clipboardData?.files ?? [])]),
    });
    this.button = make("button", { type: "submit", class: "send", disabled: true }, icon("send"));
    const line = make("div", { class: "line" }, this.attach, this.picker, this.field, this.button);
    this.element = make(
      "form",
      {
        class: "composer",
        part: "composer",
        submit: (/** @type {Event} */ event) => this.#send(event),
      },
      this.chosen,
      line,
    );
  }

  label() {
    const { words } = this.#chat;
    this.attach.setAttribute("aria-label", words.attach);
    this.button.setAttribute("aria-label", words.send);
    this.field.setAttribute("aria-label", words.write);
    this.field.setAttribute("placeholder", words.write);
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  /** Fit what is written, and say whether it can be sent. */
  refresh() {
    this.button.disabled = !this.#isWorthSending;
    this.field.style.height = "auto";
    if (this.field.scrollHeight) this.field.style.height = `${this.field.scrollHeight}px`;
  }

  /** The conversation is there. */
  begin() {
    if (this.#isAsked) this.#say();
    this.refresh();
  }

  get #isWorthSending() {
    return Boolean(this.field.value.trim() || this.#files.length);
  }

  #wrote() {
    this.#isAsked = false;
    if (this.field.value) this.#chat.conversation?.typing();
    else this.#chat.conversation?.typingOff();
    this.refresh();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // Enter may also choose a word in an input method.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#send(event);
  }

  /** @param {Event} event */
  #send(event) {
    event.preventDefault();
    this.#isAsked = this.#isWorthSending;
    this.#say();
    this.focus();
  }

  #say() {
    const { conversation } = this.#chat;
    if (!conversation || !this.#isWorthSending) return;
    conversation.send({ text: this.field.value.trim(), files: this.#files });
    this.#isAsked = false;
    this.field.value = "";
    this.#files = [];
    this.#show();
  }

  #pick() {
    this.#choose([...this.picker.files]);
    this.picker.value = "";
    this.focus();
  }

  /** @param {File[]} files */
  #choose(files) {
    this.#files = [...this.#files, ...files];
    this.#show();
  }

  #show() {
    const shown = this.#files.map((file) => {
      const remove = () => {
        this.#files = this.#files.filter((each) => each !== file);
        this.#show();
        this.focus();
      };
      const label = fill(this.#chat.words.remove, { name: file.name });
      return make("button", { type: "button", "aria-label": label, click: remove }, file.name, icon("close"));
    });
    this.chosen.replaceChildren(...shown);
    this.chosen.hidden = !shown.length;
    this.refresh();
  }
}
