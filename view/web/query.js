// SPDX-License-Identifier: LGPL-2.1-or-later
// The box for a condition: completes the names of columns, and marks the place that is wrong.
import { element, visible } from "./dom.js";

const OPERATORS = ["and", "or", "not", "in", "=~"];

export class QueryBox {
  // onEnter(text); names(): what can be completed: [{ name, about }].
  constructor({ label, id, placeholder, names, onEnter }) {
    this.names = names;
    this.onEnter = onEnter;
    this.input = element("input", { type: "text", id, placeholder, spellcheck: false,
      autocomplete: "off", role: "combobox", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": id + "-list" });
    this.list = element("ul.query-list", { id: id + "-list", role: "listbox", hidden: true,
      "aria-label": "Names" });
    this.root = element("div.query.wide", null, element("label", { htmlFor: id }, label),
      this.input, this.list);
    this.error = element("div.query-error", { role: "alert", hidden: true, id: id + "-error" });
    this.input.oninput = () => this.complete(false);
    this.input.onkeydown = event => this.key(event);
    this.input.onblur = () => this.close();
    this.found = [];
  }

  get value() {
    return this.input.value.trim();
  }

  set value(text) {
    if (text !== this.value)
      this.input.value = text || "";
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  // The word that ends where one types.
  word() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    return /[\w$]*$/.exec(before)[0];
  }

  complete(all) {
    const word = this.word(), lower = word.toLowerCase();
    const names = [...this.names(), ...OPERATORS.map(name => ({ name, about: "" }))];
    this.found = word || all ? names.filter(({ name }) =>
      name.toLowerCase().startsWith(lower) && name !== word).slice(0, 40) : [];
    this.at = this.found.length && !all ? -1 : 0;
    this.list.replaceChildren(...this.found.map(({ name, about }, n) => element("li", {
      role: "option", id: `${this.list.id}-${n}`, title: about,
      onmousedown: event => {
        event.preventDefault();
        this.take(n);
      },
    }, visible(name))));
    this.list.hidden = !this.found.length;
    this.input.setAttribute("aria-expanded", !this.list.hidden);
    this.mark();
  }

  mark() {
    [...this.list.children].forEach((line, n) =>
      line.setAttribute("aria-selected", n === this.at));
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant",
      this.list.hidden || this.at < 0 ? "" : `${this.list.id}-${this.at}`);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  take(n) {
    const end = this.input.selectionStart, begin = end - this.word().length;
    this.input.setRangeText(this.found[n].name, begin, end, "end");
    this.close();
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (open) {
        const n = this.found.length;
        this.at = event.key === "ArrowDown" ? (this.at + 1) % n
          : (Math.max(0, this.at) + n - 1) % n;
        this.mark();
      } else {
        this.complete(true);
      }
    } else if (event.key === "Tab" && open && !event.shiftKey) {
      this.take(Math.max(0, this.at));
    } else if (event.key === "Enter" && open && this.at >= 0) {
      this.take(this.at);
    } else if (event.key === "Enter") {
      this.close();
      this.onEnter(this.value);
    } else if (event.key === "Escape" && open) {
      this.close();
    } else if (event.key === "Escape") {
      this.input.blur();
    } else {
      return;
    }
    event.preventDefault();
  }

  // error: an Error, or null. at counts characters, a pair of surrogates as one.
  show(error) {
    this.error.hidden = !error;
    this.input.setAttribute("aria-invalid", !!error);
    this.input.setAttribute("aria-describedby", error ? this.error.id : "");
    if (!error)
      return;
    const text = this.value, lines = [element("span", null, visible(error.message))];
    if (Number.isInteger(error.at)) {
      const at = [...text].slice(0, error.at).join("").length;
      const length = (/^(\w+|.?)/su.exec(text.slice(at)) || [""])[0].length;
      lines.push(element("pre", null, visible(text.slice(0, at)),
        element("mark", null, visible(text.slice(at, at + length)) || " "),
        visible(text.slice(at + length))));
    }
    this.error.replaceChildren(...lines);
  }
}
