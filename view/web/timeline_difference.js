// SPDX-License-Identifier: LGPL-2.1-or-later
// How a table of one recording differs from that of another: rows of the same name, CPU or state
// against each other, the second one's figure less the first one's.

// What may be added up over the rows of one name.
const ADDITIVE = new RegExp("^((on_cpu|charged|busy|idle|sleep|blocked|stopped|total|" +
  "wait_(wakeup|preempt|new|old))_ns|count|waits|migrations|switches(_\\w+)?)$");
// What rows are known by in another recording, where pids are others.
const KEYS = ["comm", "cpu", "state", "kind", "what", "reason", "idle_cpu", "length", "from", "to"];

function numbersOf(table) {
  return table.columns.filter(column => column.type !== "text" && column.kind !== "stamp" &&
    column.kind !== "id" && !KEYS.includes(column.name));
}

// { key: { name: sum } } of the rows; a second row of a key leaves only what can be added up.
function sums(table, keys) {
  const found = new Map();
  let isUnique = true;
  for (let row = 0; row < table.rows; row++) {
    const key = keys.map(column => column.values.known(row) ? column.values.digits(row) : "–")
      .join(" ");
    isUnique &&= !found.has(key);
    const sum = found.get(key) || {};
    for (const { name, values } of numbersOf(table))
      if (values.known(row))
        sum[name] = (sum[name] || 0) + values.number(row);
    found.set(key, sum);
  }
  return { found, isUnique };
}

function column(name, list, decimals, divisor, unit) {
  const at = row => list[row];
  return { name, title: name.replace(/_ns$/, ""), unit, number: true, about: "second less first",
    known: row => Number.isFinite(at(row)), key: at, compare: (a, b) => at(a) - at(b),
    text: row => Number.isFinite(at(row)) ? (at(row) > 0 ? "+" : "") +
      (at(row) / divisor).toFixed(decimals) : "–" };
}

// Columns and the number of rows for a Grid; null: rows of the two have nothing in common.
export function difference(first, second) {
  const keys = table => KEYS.map(name => table.columns.find(c => c.name === name)).filter(Boolean);
  const names = keys(first);
  if (!names.length)
    return null;
  const [one, other] = [sums(first, names), sums(second, keys(second))];
  const rows = [...new Set([...one.found.keys(), ...other.found.keys()])];
  const isUnique = one.isUnique && other.isUnique;
  const columns = numbersOf(first).filter(({ name }) => isUnique || ADDITIVE.test(name))
    .map(({ name, unit }) => {
      const list = rows.map(key => isUnique && !(one.found.has(key) && other.found.has(key)) &&
        !ADDITIVE.test(name) ? NaN
        : (other.found.get(key)?.[name] ?? 0) - (one.found.get(key)?.[name] ?? 0));
      return { list, made: unit === "ns" ? column(name, list, 6, 1e6, "ms")
        : column(name, list, list.every(v => Number.isNaN(v) || Number.isInteger(v)) ? 0 : 3, 1,
          unit === "1" ? "" : unit) };
    }).filter(({ list }) => list.some(value => value));
  const title = names.map(c => c.name).join(" ");
  return { rows: rows.length, columns: [{ name: "key", title, unit: "", about: "of both",
    known: () => true, compare: (a, b) => rows[a] < rows[b] ? -1 : rows[a] > rows[b] ? 1 : 0,
    text: row => rows[row] }, ...columns.map(c => c.made)] };
}
