// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Migrations: which tasks were moved between CPUs, from where to where, and each move as it
// happens.
import { element, grouped } from "./dom.js";
import * as live from "./live.js";
import { LiveLog, LiveTable } from "./live_table.js";
import { LiveView } from "./live_view.js";

export const title = "Migrations";

const table = new LiveTable({ label: "Migrations", key: ["pid", "comm"], named: true,
  empty: "No task was moved.", hidden: ["first_ns", "last_ns", "first_from", "last_to", "tgid"] });
const log = new LiveLog({ label: "Moves" });
const matrix = element("table.matrix"), sum = element("div.sum");

function drawMatrix({ columns, rows }) {
  const by = Object.fromEntries(columns.map(c => [c.name, c.values])), counts = new Map();
  const cpus = new Set();
  for (let row = 0; row < rows; row++) {
    const from = by.from.number(row), to = by.to.number(row);
    cpus.add(from).add(to);
    counts.set(from + " " + to, by.migrations.number(row));
  }
  const list = [...cpus].sort((a, b) => a - b);
  matrix.replaceChildren(
    element("caption", null, "Moves from (line) to (column)"),
    element("tr", null, element("th"), ...list.map(cpu => element("th", null, "CPU " + cpu))),
    ...list.map(from => element("tr", null, element("th", null, "CPU " + from),
      ...list.map(to => element("td", null, from === to ? "" :
        grouped(counts.get(from + " " + to) ?? 0))))));
}

function draw(update) {
  const { migrations, migration_matrix: pairs } = update.tables, { totals } = migrations;
  const text = (label, value) => element("span.part", null, element("span.quiet", null, label + " "),
    value);
  const each = n => (n / update.seconds).toFixed(1) + "/s";
  sum.replaceChildren(element("b", null, `${grouped(totals.migrations)} moves`),
    text("all", each(totals.migrations)), ...["wake", "fork", "exec", "balance"].map(cause =>
      text(cause, each(totals[cause]))));
  table.show(migrations, update.began_ns);
  drawMatrix(pairs);
}

const view = new LiveView("migrations", { draw, reset: () => log.clear(), content: [sum,
  element("div.beside", null, table.root, matrix), element("h2.part-title", null, "Each move, the newest first"),
  log.root] });
export const root = view.root;
export const hide = () => view.hide();
export const update = () => view.update();

export function show() {
  table.grid.use();
  return view.show();
}

export function search() {}

live.on("rows", message => {
  if (message.log === "migration_log")
    log.take(message, view.isPaused);
});
