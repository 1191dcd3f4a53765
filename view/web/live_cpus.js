// SPDX-License-Identifier: LGPL-2.1-or-later
// The view CPUs: how busy each is, how many wait for it, and whether some idle while others wait.
import { drawHeat } from "./chart.js";
import { element } from "./dom.js";
import * as live from "./live.js";
import { LiveTable } from "./live_table.js";
import { LiveView } from "./live_view.js";

export const title = "CPUs";

const table = new LiveTable({ label: "CPUs", key: ["cpu"], named: true });
const queues = new LiveTable({ label: "Run queues", key: ["cpu"] });
const heat = element("canvas.heat", { role: "img", "aria-label": "How busy each CPU was, over time" });
const sum = element("div.sum"), MOST = 120;

function valuesOf({ columns }) {
  return Object.fromEntries(columns.map(c => [c.name, c.values]));
}

function busyOf(update) {
  const { cpu, busy_ns: busy } = valuesOf(update.tables.cpus), shares = [];
  for (let row = 0; row < update.tables.cpus.rows; row++)
    shares[cpu.number(row)] = busy.known(row) ? busy.number(row) / update.seconds / 1e9 : null;
  return Array.from(shares, share => share ?? null);
}

function drawConservation(update) {
  const table2 = update.tables.work_conservation, text = (label, value) =>
    element("span.part", null, element("span.quiet", null, label + " "), value);
  const values = table2 && table2.rows ? valuesOf(table2) : null;
  const ms = name => values?.[name]?.known(0) ? (values[name].number(0) / 1e6).toFixed(3) + " ms" : "–";
  sum.replaceChildren(element("b", null, "Idle while others wait"), text("some CPU idled for", ms("wall_ns")),
    text("CPUs idled, together", ms("per_cpu_ns")), text("tasks that could have run", ms("per_thread_ns")));
}

function draw(update) {
  table.show(update.tables.cpus, update.began_ns);
  if (update.tables.runqueue)
    queues.show(update.tables.runqueue, update.began_ns);
  drawConservation(update);
  const until = live.history.indexOf(update);
  const columns = live.history.slice(Math.max(0, until + 1 - MOST), until + 1).map(busyOf);
  drawHeat(heat, columns, Math.max(1, ...columns.map(shares => shares.length)));
}

const view = new LiveView("cpus", { draw, content: [sum, table.root,
  element("h2.part-title", null, "Lengths of run queues"), queues.root,
  element("h2.part-title", null, "How busy, over the last updates (the darker the busier)"), heat] });
export const root = view.root;
export const hide = () => view.hide();
export const themed = () => view.redraw();
export const update = () => view.update();

export function show() {
  table.grid.use();
  return view.show();
}

export function search() {}
