// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Stacks: in which call stacks tasks leave the CPU, and the time that they had.
import { element, visible } from "./dom.js";
import { column, LiveRows } from "./live_rows.js";
import { Grid } from "./grid.js";
import { LiveView } from "./live_view.js";
import * as state from "./state.js";

export const title = "Stacks";

const TOP = 20, FRAMES = 4;
const by = element("select", { id: "stacks-by", onchange: () => state.change({ by: by.value }) },
  element("option", { value: "" }, "total time"),
  element("option", { value: "times" }, "times scheduled"));
const rows = new LiveRows(record => record);
const grid = new Grid({ label: "Stacks", key: "live.stacks", empty: "No stack so far.",
  onSort: sort => state.change({ sort }), onColumns: columns => state.change({ columns }) });

function recordsOf({ columns, rows: n }) {
  const values = Object.fromEntries(columns.map(c => [c.name, c.values]));
  const number = (name, row) => values[name].known(row) ? values[name].number(row) : null;
  const text = (name, row) => values[name].known(row) ? visible(values[name].digits(row)) : "";
  const records = Array.from({ length: n }, (_, row) => {
    const frames = text("frames", row).split(";"), kernel = number("kernel_frames", row) ?? 0;
    return { hash: text("hash", row), on_cpu_ns: number("on_cpu_ns", row),
      ticks: number("on_cpu_ticks", row), switches: number("switches", row),
      comms: text("comms", row), frames: frames.slice(0, FRAMES).join(" ← ") +
        (frames.length > FRAMES ? " …" : ""),
      where: kernel === 0 ? "user" : kernel < frames.length ? "both" : "kernel" };
  });
  const key = by.value ? "switches" : "on_cpu_ns";
  return records.sort((a, b) => b[key] - a[key]).slice(0, TOP).map((r, n2) => ({ ...r, rank: n2 + 1 }));
}

function columnsOf() {
  const make = (name, options) => column(rows, name, options);
  return [
    make("rank", { decimals: 0, about: "place among all stacks" }),
    make("hash", { about: "Jenkins hash of the addresses, as the kernel's jhash2()" }),
    make("on_cpu_ns", { title: "total time", decimals: 0, text: ns => ns + " ns",
      about: "on a CPU, until tasks left it with this stack" }),
    make("ticks", { title: "TSC ticks", decimals: 0, text: ticks => ticks + " ticks",
      about: "the same in ticks of the time-stamp counter, where its rate is known" }),
    make("switches", { title: "times", decimals: 0, about: "how often it was scheduled" }),
    make("where", { title: "of", about: "kernel, user, or both" }),
    make("frames", { title: "first 4 frames", about: "the innermost first" }),
    make("comms", { title: "tasks", about: "the two with most time" }),
  ];
}

function draw(update) {
  rows.clear();
  rows.take(recordsOf(update.tables.stacks).map(r => [r.hash, r]), false);
  grid.renew(columnsOf(), rows.rows.length, rows.which(), { sort: state.get("sort"),
    chosen: state.get("columns"), own: "rank" });
}

const view = new LiveView("stacks", { draw, tools: [element("label", null, "The 20 with most ", by)],
  content: [grid.root] });
export const root = view.root;
export const hide = () => view.hide();

export function update() {
  by.value = state.get("by") || "";
  view.drawn = null;
  view.update();
}

export function show() {
  grid.use();
  view.show();
  update();
}

export function search() {}
