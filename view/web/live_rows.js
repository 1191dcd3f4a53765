// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows that come again with each update, by a key: each keeps its place in the table while one
// points at it, and one that ended stays greyed for some updates.

const GREYED = 5;

export class LiveRows {
  rows = [];
  #places = new Map();
  #free = [];

  // idle(record): the same of one that did nothing since.
  constructor(idle) {
    this.idle = idle;
  }

  // records: [[key, record]]; frozen: no row may take the place of another one.
  take(records, frozen) {
    for (const [key, record] of records) {
      let place = this.#places.get(key);
      if (place === undefined) {
        place = this.#free.length && !frozen ? this.#free.pop() : this.rows.length;
        this.#places.set(key, place);
      }
      this.rows[place] = { key, record, missed: 0 };
    }
    const come = new Set(records.map(([key]) => key));
    this.rows.forEach((row, place) => {
      if (!row || come.has(row.key))
        return;
      if (row.missed++ === 0)
        row.record = this.idle(row.record);
      if (row.missed > GREYED && !frozen) {
        this.#places.delete(row.key);
        this.#free.push(place);
        this.rows[place] = null;
      }
    });
  }

  clear() {
    this.rows = [];
    this.#places.clear();
    this.#free = [];
  }

  // Places that have a row which fulfils this.
  which(fulfils = () => true) {
    return this.rows.flatMap((row, place) => row && fulfils(row.record) ? [place] : []);
  }
}

// A column of grid.js of a member of the records.
export function column(rows, name, { title = name, unit = "", about, value = r => r[name],
  decimals = null, most, hidden, text }) {
  const get = place => rows.rows[place] ? value(rows.rows[place].record) : null;
  const write = v => decimals === null || typeof v !== "number" ? String(v) : v.toFixed(decimals);
  const show = place => {
    const v = get(place), bound = most && rows.rows[place] ? most(rows.rows[place].record) : null;
    if (text)
      return text(v);
    const low = write(v), high = bound === null ? low : write(bound);
    return high === low ? low : `${low}–${high}`;
  };
  return { name, title, unit, about, hidden,
    get number() {
      return decimals !== null || name === "pid";
    },
    known: place => get(place) !== null && get(place) !== undefined,
    text: show,
    class: place => most && show(place).includes("–") ? ".bound" : "",
    key: decimals !== null || name === "pid" ? place => Number(get(place)) : undefined,
    compare: (a, b) => {
      const x = get(a), y = get(b);
      return x < y ? -1 : x > y ? 1 : 0;
    } };
}
