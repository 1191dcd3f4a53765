// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Faults: page faults and CPU use of processes, those exactly that one registers.
import { Curves } from "./chart.js";
import { button, element } from "./dom.js";
import * as live from "./live.js";
import { LiveTable } from "./live_table.js";
import { LiveView } from "./live_view.js";
import * as state from "./state.js";

export const title = "Faults";

const pid = element("input", { type: "number", id: "faults-pid", min: 1, placeholder: "pid",
  "aria-label": "Pid" });
const order = word => () => {
  if (pid.value)
    live.order({ [word]: Number(pid.value) });
};
const registered = element("span.parts", { id: "faults-registered" });
const what = element("select", { id: "faults-curve", onchange: () => state.change({ by: what.value }) },
  element("option", { value: "" }, "minor faults"), element("option", { value: "major" }, "major faults"),
  element("option", { value: "cpu" }, "CPU time"));
const curves = new Curves("Since registered, over time");
const table = new LiveTable({ label: "Faults", key: ["pid", "comm"], named: true,
  hidden: ["faults_user", "faults_kernel", "faults_major", "children_minor", "children_major",
    "rss_peak_bytes"] });

function drawRegistered() {
  const pids = live.recorder?.registered ?? [], now = pids.join(" ");
  // Not anew each time: a button that is replaced while it is pressed does nothing.
  if (registered.dataset.pids === now)
    return;
  registered.dataset.pids = now;
  registered.replaceChildren(element("span.quiet", null, pids.length
    ? "20 samples a second of" : "no process is registered"), ...pids.map(number =>
    button(`${number} ×`, () => live.order({ unregister: number }), { title: "Remove" })));
}

// Cumulative, of what was registered, each and together.
function seriesOf(until) {
  const pids = (live.recorder?.registered ?? []).map(String), series = new Map();
  for (const update of live.history.slice(0, until + 1)) {
    const { columns, rows } = update.tables.faults;
    const by = Object.fromEntries(columns.map(c => [c.name, c.values]));
    let all = 0;
    for (let row = 0; row < rows; row++) {
      if (!pids.includes(by.pid.digits(row)) || by.source.digits(row) !== "samples")
        continue;
      const label = `${by.comm.digits(row)} ${by.pid.digits(row)}`;
      const value = state.get("by") === "cpu"
        ? (by.user_ns.number(row) + by.system_ns.number(row)) / 1e6
        : by[state.get("by") === "major" ? "major" : "minor"].number(row);
      if (!series.has(label))
        series.set(label, []);
      series.get(label).push([update.time, value]);
      all += value;
    }
    if (pids.length > 1) {
      if (!series.has("all"))
        series.set("all", []);
      series.get("all").push([update.time, all]);
    }
  }
  return [...series].map(([label, points]) => ({ label, points }));
}

function draw(update) {
  what.value = state.get("by") || "";
  drawRegistered();
  table.show(update.tables.faults, update.began_ns);
  curves.draw(seriesOf(live.history.indexOf(update)), what.value === "cpu" ? "ms" : "");
}

const view = new LiveView("faults", { draw, tools: [pid, button("Register", order("register")),
  button("Remove", order("unregister")), registered, element("label", null, "Curve of ", what)],
content: [table.root, curves.root] });
export const root = view.root;
export const hide = () => view.hide();
export const themed = () => view.redraw();

export function update() {
  view.drawn = null;
  view.update();
}

export function show() {
  table.grid.use();
  return view.show();
}

export function search() {
  pid.focus();
}

live.on("system", drawRegistered);
