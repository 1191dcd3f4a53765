// SPDX-License-Identifier: LGPL-2.1-or-later
// A table of any number of rows, of which only those in sight are elements. Sorted by several
// columns, columns chosen and remembered, all of it by keyboard too.
import { button, dialog, element, grouped, kept, say, visible } from "./dom.js";
import { provide } from "./commands.js";
import { sortInTurns } from "./sorting.js";

const ROOM = 12;              // rows beyond those in sight
const HIGHEST = 8_000_000;    // pixels that browsers scroll exactly
const MEASURED = 300;         // rows by which the widths of columns are chosen
const MANY = 30_000;          // rows that are not sorted at once

let current = null, grids = 0;

// A heading may be broken where an underscore is: on two lines, as even as that goes.
function headingParts(title) {
  const places = [...title.matchAll(/_/g)].map(match => match.index + 1);
  const middle = places.sort((a, b) =>
    Math.abs(a - title.length / 2) - Math.abs(b - title.length / 2))[0];
  return middle && title.length > 8 ? [title.slice(0, middle), title.slice(middle)] : [title];
}

// What is quick to compare: the value rounded to a double, or 0; NaN is unknown.
function keysOf(column, n) {
  const keys = new Float64Array(n);
  for (let row = 0; row < n; row++)
    keys[row] = !column.known(row) ? NaN : column.key ? column.key(row) : 0;
  return keys;
}

// What is unknown stands last, either way.
function comparison(column, n, down) {
  const keys = keysOf(column, n), sign = down ? -1 : 1;
  return (a, b) => {
    const x = keys[a], y = keys[b];
    if (x < y)
      return -sign;
    if (x > y)
      return sign;
    return x === y ? sign * column.compare(a, b) : (x !== x) - (y !== y);
  };
}

function firstOf(comparisons, a, b) {
  for (const compare of comparisons) {
    const found = compare(a, b);
    if (found)
      return found;
  }
  return 0;
}

/*
 * columns: { name, title, unit, about, number, text(row), known(row), compare(row, row),
 * key(row)? (a number of the same order), class(row)?,
 * hidden? (why it is not shown unless chosen) }.
 * onSort, onColumns: told of the words "-name,name" and "name,name"; onOpen(row): Enter, or a
 * double click; rowClass(row): "" or a class.
 */
export class Grid {
  #columns = [];
  #shown = [];
  #order = new Uint32Array(0);
  #sort = [];
  #chosen = null;
  #row = 0;
  #at = 0;
  #first = -1;
  #last = -1;
  #turn = 0;   // of what is sorted
  #id = "grid" + grids++;

  constructor({ label, key, empty = "No row.", onSort, onColumns, onOpen, oneClick = false,
    rowClass }) {
    Object.assign(this, { key, label, empty, onSort, onColumns, onOpen, rowClass });
    this.head = element("div.grid-head.grid-line", { role: "row", "aria-rowindex": "1" });
    this.rows = element("div.grid-rows", { role: "rowgroup" });
    this.body = element("div.grid-body", { role: "presentation" }, this.rows);
    this.scroller = element("div.grid", { role: "grid", tabIndex: 0, "aria-label": label,
      "aria-multiselectable": "false" }, this.head, this.body);
    this.count = element("span");
    this.left = element("span.left-out");
    this.foot = element("div.grid-foot", null, this.count,
      button("Columns…", () => this.chooseColumns()), this.left);
    this.root = element("div.view", null, this.scroller, this.foot);
    this.scroller.addEventListener("scroll", () => this.#show());
    this.scroller.addEventListener("focus", () => {
      current = this;
    });
    this.body.addEventListener("click", event => this.#click(event, oneClick));
    this.body.addEventListener("dblclick", event => this.#click(event, true));
    new ResizeObserver(() => this.#show()).observe(this.scroller);
  }

  // Makes it the one that commands are about.
  use() {
    current = this;
  }

  // sort and columns: words of the address, null: own ones, or those of the last time.
  set(columns, rows, { sort = null, chosen = null, own = null } = {}) {
    this.#columns = columns;
    this.n = rows;
    this.own = own;
    this.#chosen = chosen ? chosen.split(",") : kept.read("columns." + this.key);
    this.#sort = (sort ?? own ?? "").split(",").filter(Boolean).map(word => ({
      name: word.replace(/^-/, ""), down: word.startsWith("-") }));
    this.#row = Math.min(this.#row, Math.max(0, rows - 1));
    this.#layOut();
    this.#arrange();
  }

  // Does somebody point at a row, or go through them by key? Then none should jump.
  get isHeld() {
    return this.body.matches(":hover") || document.activeElement === this.scroller;
  }

  // The same table again, some time later: which, of 0 to n - 1. frozen: rows that were there stay
  // where they are, new ones come last; before: the same, where they have other numbers now.
  renew(columns, n, which, { sort = null, chosen = null, own = null, frozen = false,
    before = frozen ? this.#order : null } = {}) {
    const laidOut = this.#columns.length;
    this.which = which;
    this.#columns = columns;
    this.n = n;
    this.own = own;
    this.#chosen = chosen ? chosen.split(",") : kept.read("columns." + this.key);
    this.#sort = (sort ?? own ?? "").split(",").filter(Boolean).map(word => ({
      name: word.replace(/^-/, ""), down: word.startsWith("-") }));
    if (!before || !laidOut)
      this.#layOut();
    else
      this.#shown = this.#shown.map(s => columns.find(c => c.name === s.name)).filter(Boolean);
    this.#arrange(before);
  }

  // Numbers of rows, as they stand.
  get order() {
    return this.#order;
  }

  // Names of the columns that are shown.
  get shown() {
    return this.#shown.map(column => column.name);
  }

  // Other rows of the same table: which, of 0 to n - 1.
  keep(which) {
    this.which = which;
    this.#arrange();
  }

  #layOut() {
    const chosen = this.#chosen && this.#chosen.filter(name =>
      this.#columns.some(column => column.name === name));
    this.#shown = chosen?.length ? this.#columns.filter(c => chosen.includes(c.name))
      : this.#columns.filter(column => !column.hidden);
    this.#at = Math.min(this.#at, Math.max(0, this.#shown.length - 1));
    const left = this.#columns.filter(column => !this.#shown.includes(column));
    this.left.textContent = left.length ? "not shown: " + left.map(column =>
      column.title + (column.hidden ? ` (${column.hidden})` : "")).join(", ") : "";
    this.left.title = this.left.textContent;
    const widths = this.#shown.map(column => {
      let most = Math.max(...headingParts(column.title).map(part => part.length + 3),
        (column.unit || "").length);
      const step = Math.max(1, Math.floor(this.n / MEASURED));
      for (let row = 0; row < this.n; row += step)
        most = Math.max(most, visible(column.text(row)).length);
      return `calc(${Math.min(most, 44) * 0.62 + 0.2}em + 16px)`;
    });
    this.root.style.setProperty("--columns", widths.join(" ") + " 1fr");
    this.scroller.setAttribute("aria-colcount", this.#shown.length);
    this.#heading();
  }

  #heading() {
    const units = this.#shown.some(column => column.unit);
    this.head.replaceChildren(...this.#shown.map((column, n) => {
      const place = this.#sort.findIndex(s => s.name === column.name), by = this.#sort[place];
      const rank = this.#sort.length > 1 ? place + 1 : "";
      const arrow = by ? (by.down ? "\u00a0▼" : "\u00a0▲") + rank : "";
      return element("div.grid-cell" + (column.number ? ".number" : "") + (by ? ".sorted" : "") +
        (this.#row < 0 && n === this.#at ? ".at" : ""), {
        role: "columnheader", id: `${this.#id}-h-${n}`, title: column.about || "",
        "aria-sort": by ? (by.down ? "descending" : "ascending") : "none",
        onclick: event => this.sortBy(n, event.shiftKey),
      }, ...headingParts(column.title).flatMap((part, i) =>
        [...i ? [element("wbr")] : [], visible(part)]), arrow,
      units ? element("span.unit", null, column.unit || "") : null);
    }), element("div"));
  }

  #arrange(before = null) {
    const which = this.which ?? Array.from({ length: this.n }, (_, row) => row);
    const compare = this.#comparison(), turn = ++this.#turn;
    if (!compare || which.length < MANY) {
      const order = Uint32Array.from(which);
      this.#put(compare ? order.sort(compare) : order, before);
      return;
    }
    this.count.textContent = `sorting ${grouped(which.length)} rows…`;
    this.root.dataset.sorting = "";
    sortInTurns(which, compare, () => turn !== this.#turn).then(order => {
      if (order)
        this.#put(order, before);
    });
  }

  // Of rows by all that they are sorted by; null: they are not.
  #comparison() {
    const by = this.#sort.map(({ name, down }) => ({ down,
      column: this.#columns.find(column => column.name === name) })).filter(s => s.column);
    const [compare, ...more] = by.map(({ column, down }) => comparison(column, this.n, down));
    if (more.length)
      return (a, b) => compare(a, b) || firstOf(more, a, b) || a - b;
    return compare ? (a, b) => compare(a, b) || a - b : null;
  }

  #put(order, before) {
    delete this.root.dataset.sorting;
    this.#order = before ? this.#asBefore(before, order) : order;
    this.count.textContent = order.length === this.n ? `${grouped(this.n)} rows`
      : `${grouped(order.length)} of ${grouped(this.n)} rows`;
    this.scroller.setAttribute("aria-rowcount", order.length + 1);
    this.#first = -1;
    this.#show();
  }

  #asBefore(before, order) {
    const wanted = new Set(order), known = new Set(before);
    return Uint32Array.from([...before.filter(row => wanted.has(row)),
      ...order.filter(row => !known.has(row))]);
  }

  sortBy(n, too) {
    const { name, number } = this.#shown[n], old = this.#sort.find(s => s.name === name);
    // Figures the largest first, as one mostly wants them; then the other way; then not at all.
    const down = old ? !old.down : !!number, again = old && old.down !== !!number;
    if (too)
      this.#sort = this.#sort.filter(s => s !== old);
    else
      this.#sort = [];
    if (!again)
      this.#sort.push({ name, down });
    this.onSort?.(this.#sort.map(s => (s.down ? "-" : "") + s.name).join(",") || null);
    this.#heading();
    this.#arrange();
    say(again ? "in their own order" : `sorted by ${name}, ${down ? "descending" : "ascending"}`);
  }

  unsort() {
    this.#sort = (this.own || "").split(",").filter(Boolean).map(word => ({
      name: word.replace(/^-/, ""), down: word.startsWith("-") }));
    this.onSort?.(null);
    this.#heading();
    this.#arrange();
  }

  get rowHeight() {
    return parseFloat(getComputedStyle(this.root).getPropertyValue("--row")) || 23;
  }

  // Of more rows than a browser scrolls exactly, a pixel that is scrolled is stretch pixels.
  #measures() {
    const height = this.rowHeight, full = this.#order.length * height;
    const seen = Math.max(height, this.scroller.clientHeight - this.head.offsetHeight);
    const tall = Math.min(full, HIGHEST);
    return { height, seen, tall, stretch: full > HIGHEST ? (full - seen) / (tall - seen) : 1 };
  }

  #show() {
    const { height, seen, tall, stretch } = this.#measures(), n = this.#order.length;
    this.body.style.height = Math.max(tall, height) + "px";
    const top = this.scroller.scrollTop * stretch;
    const first = Math.max(0, Math.floor(top / height) - ROOM);
    const last = Math.min(n, first + Math.ceil(seen / height) + 2 * ROOM);
    // Stretched, the same rows stand elsewhere after a pixel.
    if (first === this.#first && last === this.#last && stretch === 1)
      return;
    [this.#first, this.#last] = [first, last];
    const lines = [];
    for (let line = first; line < last; line++)
      lines.push(this.#line(line));
    this.rows.replaceChildren(...lines);
    if (!n)
      this.rows.replaceChildren(element("div.empty", null, this.empty));
    this.rows.style.transform = `translateY(${stretch === 1 ? first * height
      : this.scroller.scrollTop - (top - first * height)}px)`;
    this.#mark();
  }

  #line(line) {
    const row = this.#order[line];
    const cells = this.#shown.map((column, n) => {
      const known = column.known(row), text = known ? visible(column.text(row)) : "–";
      return element("div.grid-cell" + (column.number ? ".number" : "") +
        (known ? (column.class?.(row) || "") : ".unknown"), {
        role: "gridcell", id: `${this.#id}-${line}-${n}`,
        title: text.length > 40 ? text : undefined,
      }, text);
    });
    const kind = this.rowClass?.(row);
    return element("div.grid-row.grid-line" + (kind ? "." + kind : ""),
      { role: "row", "aria-rowindex": line + 2, "data-line": line }, ...cells);
  }

  #mark() {
    for (const line of this.rows.querySelectorAll(".grid-row")) {
      const here = +line.dataset.line === this.#row;
      line.classList.toggle("active", here);
      [...line.children].forEach((cell, n) =>
        cell.classList.toggle("at", here && n === this.#at));
    }
    [...this.head.children].forEach((cell, n) =>
      cell.classList.toggle("at", this.#row < 0 && n === this.#at));
    this.scroller.setAttribute("aria-activedescendant", this.#row < 0
      ? `${this.#id}-h-${this.#at}` : `${this.#id}-${this.#row}-${this.#at}`);
  }

  #click(event, open) {
    const line = event.target.closest(".grid-row");
    if (!line)
      return;
    this.#row = +line.dataset.line;
    const cell = event.target.closest(".grid-cell");
    if (cell)
      this.#at = [...line.children].indexOf(cell);
    this.#mark();
    if (open)
      this.onOpen?.(this.#order[this.#row]);
  }

  move(rows, columns) {
    const { height, seen, stretch } = this.#measures(), n = this.#order.length;
    this.#row = Math.max(-1, Math.min(n - 1, this.#row + rows));
    this.#at = Math.max(0, Math.min(this.#shown.length - 1, this.#at + columns));
    const top = Math.max(0, this.#row) * height;
    const scrolled = this.scroller.scrollTop * stretch;
    if (top < scrolled)
      this.scroller.scrollTop = top / stretch;
    else if (top + height > scrolled + seen)
      this.scroller.scrollTop = (top + height - seen) / stretch;
    const cell = this.head.children[this.#at];
    if (cell) {
      const left = cell.offsetLeft, right = left + cell.offsetWidth;
      if (left < this.scroller.scrollLeft)
        this.scroller.scrollLeft = left;
      else if (right > this.scroller.scrollLeft + this.scroller.clientWidth)
        this.scroller.scrollLeft = right - this.scroller.clientWidth;
    }
    this.#show();
    this.#mark();
  }

  page() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight) - 2);
  }

  get length() {
    return this.#order.length;
  }

  act(event) {
    if (this.#row < 0)
      this.sortBy(this.#at, event?.shiftKey);
    else if (this.#order.length)
      this.onOpen?.(this.#order[this.#row]);
  }

  sortHere(too) {
    this.sortBy(this.#at, too);
  }

  chooseColumns() {
    const boxes = this.#columns.map(column => {
      const box = element("input", { type: "checkbox", checked: this.#shown.includes(column) });
      const about = [column.about, column.hidden].filter(Boolean).join("; ");
      return { column, box, label: element("label", null, box, visible(column.title)),
        about: element("span.about", null, about) };
    });
    const take = names => {
      made.close();
      this.#chosen = names;
      kept.write("columns." + this.key, names);
      this.onColumns?.(names ? names.join(",") : null);
      this.#layOut();
      this.#first = -1;
      this.#show();
    };
    const made = dialog("Columns: " + this.label, "columns", [element("div.choices", null,
      ...boxes.flatMap(({ label, about }) => [label, about]))], [
      button("As at first", () => take(null)),
      button("All", () => take(this.#columns.map(column => column.name))),
      button("Cancel", () => made.close()),
      button("Show these", () => {
        const names = boxes.filter(b => b.box.checked).map(b => b.column.name);
        take(names.length ? names : null);
      }, { className: "main" }),
    ]);
  }
}

provide({
  "grid.columns": () => current?.chooseColumns(),
  "grid.unsort": () => current?.unsort(),
  "grid.up": () => current?.move(-1, 0),
  "grid.down": () => current?.move(1, 0),
  "grid.left": () => current?.move(0, -1),
  "grid.right": () => current?.move(0, 1),
  "grid.page-up": () => current?.move(-current.page(), 0),
  "grid.page-down": () => current?.move(current.page(), 0),
  "grid.first": () => current?.move(-current.length, 0),
  "grid.last": () => current?.move(current.length, 0),
  "grid.act": event => current?.act(event),
  "grid.sort": () => current?.sortHere(false),
  "grid.sort-too": event => event?.key === "Enter" ? current?.act(event) : current?.sortHere(true),
});
