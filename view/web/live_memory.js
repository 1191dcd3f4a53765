// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Memory: who holds how much, who asked for how much, and each request as it comes.
import { Pie } from "./chart.js";
import { element, grouped } from "./dom.js";
import * as live from "./live.js";
import { LiveLog, LiveTable } from "./live_table.js";
import { LiveView } from "./live_view.js";
import * as state from "./state.js";

export const title = "Memory";

const PIES = { requested: "requested_bytes", held: "net_floor_bytes", resident: "rss_bytes" };
const TEN = 10;

const filter = element("input", { type: "search", id: "memory-filter", size: 14, spellcheck: false,
  placeholder: "name, pid or call", oninput: () => state.change({ filter: filter.value },
    { replace: true }) });
const which = element("select", { id: "memory-pie", onchange: () =>
  state.change({ pie: which.value }) }, element("option", { value: "requested" }, "memory requested"),
element("option", { value: "held" }, "memory held"), element("option", { value: "resident" }, "RSS"));
const pie = new Pie("Memory by process"), sum = element("div.sum", { id: "memory-sum" });
const table = new LiveTable({ label: "Memory", key: ["pid", "comm"], named: true,
  own: "-net_floor_bytes", titles: { net_floor_bytes: "held", requested_bytes: "requested" },
  hidden: ["mapped_bytes", "mapped_peak_bytes", "rss_peak_bytes", "faults_user", "faults_kernel",
    "faults_major", "failed"] });

function hasWord(comm, pid, call = "") {
  const word = filter.value.toLowerCase();
  return !word || [comm ?? "", String(pid), call].some(text => text.toLowerCase().includes(word));
}

const log = new LiveLog({ label: "Requests", hidden: ["tgid", "old_address", "old_size"],
  fulfils: row => hasWord(row.comm, row.pid, row.call) });

function size(bytes) {
  const n = bytes >= 2 ** 40 ? 4 : bytes >= 2 ** 30 ? 3 : bytes >= 2 ** 20 ? 2 : 1;
  return (bytes / 1024 ** n).toFixed(1) + " " + ["KiB", "MiB", "GiB", "TiB"][n - 1];
}

// The ten biggest and the exact rest. The table has all processes, or its totals tell of them.
function partsOf(memory, column) {
  const by = Object.fromEntries(memory.columns.map(c => [c.name, c.values])), values = by[column];
  const rows = Array.from({ length: memory.rows }, (_, row) => row)
    .filter(row => values.known(row) && values.number(row) > 0)
    .sort((a, b) => values.number(b) - values.number(a));
  const parts = rows.slice(0, TEN).map(row => ({ value: values.number(row),
    label: `${by.comm.digits(row)} ${by.pid.known(row) ? by.pid.digits(row) : "(ended)"}` }));
  const rest = memory.totals[column] - parts.reduce((all, part) => all + part.value, 0);
  if (rest > 0)
    parts.push({ label: "others", value: rest });
  return parts.map(part => ({ ...part, text: size(part.value) }));
}

function draw(update) {
  const { memory } = update.tables, { totals } = memory, { system } = live;
  const all = system ? system.memory_total_bytes + system.swap_total_bytes : 0;
  table.titles.share_held = `held, % of ${(all / 2 ** 30).toFixed(1)} GiB memory + swap`;
  const by = Object.fromEntries(memory.columns.map(c => [c.name, c.values]));
  table.show(memory, update.began_ns, row => hasWord(by.comm.digits(row), by.pid.digits(row)));
  pie.draw(partsOf(memory, PIES[which.value]));
  const text = (label, value) => element("span.part", null, element("span.quiet", null, label + " "),
    value);
  sum.replaceChildren(element("b", null,
    `${grouped(memory.all_rows)} processes since the recording began`),
  text("requested", size(totals.requested_bytes)), text("held", size(totals.net_floor_bytes)),
  text("RSS", size(totals.rss_bytes)), text("mmap", grouped(totals.mmaps)),
  text("munmap", grouped(totals.munmaps)), text("mremap", grouped(totals.mremaps)),
  text("brk", grouped(totals.brks)), text("failed", grouped(totals.failed)));
}

const view = new LiveView("memory", { draw, reset: () => log.clear(),
  tools: [element("label", null, "Pie of ", which), element("label", null, "Filter ", filter)],
  content: [sum, element("div.beside", null, table.root, pie.root),
    element("h2.part-title", null, "Requests, the newest first"), log.root] });
export const root = view.root;
export const hide = () => view.hide();
export const themed = () => view.redraw();

export function update() {
  filter.value = state.get("filter") || "";
  which.value = PIES[state.get("pie")] ? state.get("pie") : "requested";
  view.drawn = null;
  view.update();
  if (log.rows.length)
    log.draw();
}

export function show() {
  table.grid.use();
  view.show();
  update();
}

export function search() {
  filter.focus();
}

live.on("rows", message => {
  if (message.log === "requests")
    log.take(message, view.isPaused);
});
