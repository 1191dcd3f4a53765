// SPDX-License-Identifier: LGPL-2.1-or-later
// A table of the server that comes again with each update, and a log whose rows come one by one.
import { gridColumns } from "./columns.js";
import { visible } from "./dom.js";
import { Grid } from "./grid.js";
import * as state from "./state.js";

// key: names of the columns that make two rows the same.
export class LiveTable {
  #keys = [];

  constructor({ label, key, empty = "Nothing yet.", named, own = null, hidden = [], titles = {},
    onOpen }) {
    Object.assign(this, { key, own, hidden, titles });
    this.grid = new Grid({ label, key: "live." + label.toLowerCase(), empty, onOpen,
      onSort: sort => named && state.change({ sort }),
      onColumns: columns => named && state.change({ columns }) });
    this.named = named;
    this.root = this.grid.root;
  }

  // fulfils(row): whether it is shown.
  show(table, origin, fulfils = () => true) {
    this.table = table;
    const by = Object.fromEntries(table.columns.map(column => [column.name, column.values]));
    const keyOf = row => this.key.map(name => by[name].digits(row)).join(" ");
    const which = Array.from({ length: table.rows }, (_, row) => row).filter(fulfils);
    const columns = gridColumns(table, { origin_ns: origin });
    for (const column of columns) {
      if (this.hidden.includes(column.name))
        column.hidden ||= "chosen by Columns…";
      column.title = this.titles[column.name] ?? column.title;
    }
    let before = null;
    if (this.grid.isHeld) {
      const places = new Map(which.map(row => [keyOf(row), row]));
      before = this.#keys.map(key => places.get(key)).filter(row => row !== undefined);
    }
    this.grid.renew(columns, table.rows, which, { sort: this.named ? state.get("sort") : null,
      chosen: this.named ? state.get("columns") : null, own: this.own ?? table.order, before });
    this.#keys = [...this.grid.order].map(keyOf);
  }
}

const KEPT_ROWS = 5000;

// The newest row first. It stands still while one points at it.
export class LiveLog {
  rows = [];
  #columns = [];

  constructor({ label, hidden = [], fulfils = () => true }) {
    this.grid = new Grid({ label, key: "live." + label.toLowerCase(), empty: "None so far." });
    this.hidden = hidden;
    this.fulfils = fulfils;
    this.root = this.grid.root;
  }

  take(message, paused) {
    const names = message.columns.map(column => column.name);
    const wall = message.wall_offset_ns;
    this.rows.push(...message.rows.map(values => {
      const row = Object.fromEntries(names.map((name, n) => [name, values[n]]));
      row.when = wall === null ? null : (BigInt(row.time_ns) + BigInt(wall)) / 1000n;
      return row;
    }));
    this.rows.splice(0, Math.max(0, this.rows.length - KEPT_ROWS));
    this.#columns = [{ name: "when", title: "date and time", about: "when, with the zone" },
      ...message.columns.filter(({ name }) => name !== "time_ns")].map(column => this.#column(column));
    if (!paused && !this.grid.isHeld)
      this.draw();
  }

  clear() {
    this.rows = [];
  }

  #column({ name, title = name, unit = "", about }) {
    const value = row => this.shown[row]?.[name];
    const number = unit !== "" || /^(pid|tgid|cpu|from|to|priority)$/.test(name);
    const isAddress = /address/.test(name);
    const text = row => name === "when" ? timeText(value(row))
      : isAddress ? "0x" + BigInt.asUintN(64, BigInt(value(row))).toString(16)
        : visible(value(row));
    return { name, title, unit: unit === "1" ? "" : unit, about, number,
      hidden: this.hidden.includes(name) ? "chosen by Columns…" : undefined,
      known: row => value(row) !== null && value(row) !== undefined, text,
      compare: (a, b) => {
        const x = value(a), y = value(b);
        return x < y ? -1 : x > y ? 1 : 0;
      } };
  }

  draw() {
    this.shown = this.rows.filter(this.fulfils).reverse();
    this.grid.renew(this.#columns, this.shown.length, this.shown.map((_, row) => row));
  }
}

// "2026-11-30 22:10:35.123456 +0100" of microseconds since 1970.
function timeText(micros) {
  const date = new Date(Number(micros / 1000n)), two = n => String(n).padStart(2, "0");
  const zone = -date.getTimezoneOffset(), away = Math.abs(zone);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${date.toTimeString().slice(0, 8)}.${String(micros % 1000000n).padStart(6, "0")} ` +
    `${zone < 0 ? "-" : "+"}${two(Math.floor(away / 60))}${two(away % 60)}`;
}
