// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Tasks: what each task did in an interval, from events: none is too short to be there.
import { element, grouped, visible } from "./dom.js";
import { Grid } from "./grid.js";
import { column, LiveRows } from "./live_rows.js";
import { LiveView } from "./live_view.js";
import * as state from "./state.js";

export const title = "Tasks";

// What adds up, of rows that become one.
const ADDED = ["on_cpu_ns", "on_cpu_most_ns", "charged_ns", "wait_ns", "blocked_ns", "voluntary",
  "involuntary", "migrations", "going_ns"];
// What /proc says, of tasks that are there at the end of the interval; of rows that become one the
// first are added.
const SAMPLED_SUMS = ["usr", "system", "guest", "minflt", "majflt"];
const SAMPLED = [...SAMPLED_SUMS, "user", "cpu", "rss_bytes", "wakeup_p99_ns"];
const NOT_SAMPLED = Object.fromEntries(SAMPLED.map(name => [name, null]));

const rows = new LiveRows(record => ({ ...record, ...NOT_SAMPLED,
  ...Object.fromEntries(ADDED.map(name => [name, 0])), state: record.ended ? "ended" : record.state }));
const filter = element("input", { type: "search", id: "tasks-filter", placeholder: "name or pid",
  size: 14, spellcheck: false, oninput: () => state.change({ filter: filter.value },
    { replace: true }) });
const by = element("select", { id: "tasks-by", onchange: () => state.change({ by: by.value }) },
  element("option", { value: "" }, "threads"), element("option", { value: "process" }, "processes"));
const sum = element("div.sum", { id: "tasks-sum" });
const grid = new Grid({ label: "Tasks", key: "live.tasks", empty: "Nothing yet.",
  onSort: sort => state.change({ sort }), onColumns: columns => state.change({ columns }),
  rowClass: place => rows.rows[place]?.missed || rows.rows[place]?.record.ended ? "ended" : "" });

// Numbers of a row of the server's table; null is unknown.
function reader(table) {
  const columns = Object.fromEntries(table.columns.map(c => [c.name, c]));
  return (name, row) => {
    const { type, values } = columns[name];
    return !values.known(row) ? null : type === "text" ? values.digits(row) : values.number(row);
  };
}

// By pid.
function samplesOf(table) {
  const get = reader(table);
  return new Map(Array.from({ length: table.rows }, (_, row) => [get("pid", row),
    Object.fromEntries(SAMPLED.map(name => [name, get(name, row)]))]));
}

function recordsOf(update) {
  const table = update.tables.tasks, get = reader(table), samples = samplesOf(update.tables.activity);
  const begin = Number(update.begin_ns), records = [];
  for (let row = 0; row < table.rows; row++) {
    const pid = get("pid", row), start = get("start_ns", row), lasts = get("lasts", row);
    // What goes on at the end of the interval counts there, too.
    const going = (...states) => states.includes(lasts) ? get("lasting_ns", row) ?? 0 : 0;
    records.push({ pid, tgid: get("tgid", row), ppid: get("ppid", row),
      comm: visible(get("comm", row) ?? "?"), start,
      ended: get("end_ns", row) !== null && get("end_ns", row) >= begin - 1,
      on_cpu_ns: get("on_cpu_ns", row) + going("running"),
      on_cpu_most_ns: Math.min(Number(get("on_cpu_hi_ns", row)), update.seconds * 1e9),
      charged_ns: get("charged_ns", row), blocked_ns: get("blocked_ns", row) + going("blocked"),
      wait_ns: get("wait_wakeup_ns", row) + get("wait_preempt_ns", row) + get("wait_new_ns", row) +
        going("runnable"),
      voluntary: get("switches_voluntary", row), involuntary: get("switches_involuntary", row),
      migrations: get("migrations", row), priority: get("priority", row),
      state: lasts ?? "ended", going_ns: going("running"), threads: 1,
      ...samples.get(pid) ?? NOT_SAMPLED });
  }
  return records;
}

// Threads put together; what does not add up is the largest.
function processesOf(records) {
  const processes = new Map();
  for (const record of records) {
    const tgid = record.tgid ?? record.pid, known = processes.get(tgid);
    if (!known) {
      processes.set(tgid, { ...record, pid: tgid });
      continue;
    }
    for (const name of ADDED)
      known[name] += record[name];
    known.threads++;
    known.ended &&= record.ended;
    for (const name of SAMPLED_SUMS)
      known[name] = known[name] === null || record[name] === null ? null : known[name] + record[name];
    if (record.pid === tgid)
      Object.assign(known, { comm: record.comm, state: record.state, priority: record.priority,
        cpu: record.cpu });
    if (record.wakeup_p99_ns !== null)
      known.wakeup_p99_ns = Math.max(known.wakeup_p99_ns ?? 0, record.wakeup_p99_ns);
  }
  return [...processes.values()];
}

function columnsOf(update) {
  const each = 1 / update.seconds, share = ns => ns === null ? null : ns / 1e7 * each;
  const ms = name => ({ unit: "ms", decimals: 3, value: r => r[name] === null ? null : r[name] / 1e6 });
  const perSecond = name => ({ unit: "1/s", decimals: 1,
    value: r => r[name] === null ? null : r[name] * each });
  const make = (name, options) => column(rows, name, options);
  const sampled = (name, title, unit, about, more) => make(name, { title, unit, decimals: 1,
    about: about + "; by /proc, unknown of tasks that ended", ...more });
  return [
    make("pid", { about: "thread id; of processes, their id" }),
    sampled("user", "user", "", "whose rights it has", { decimals: null }),
    make("comm", { title: "command", about: "the task's name" }),
    make("on_cpu", { title: "%CPU", unit: "%", decimals: 1, value: r => share(r.on_cpu_ns),
      most: r => share(r.on_cpu_most_ns),
      about: "of one CPU: time on CPUs; several threads together can have more than 100" }),
    sampled("usr", "%usr", "%", "of one CPU, in the program itself, without guests"),
    sampled("system", "%system", "%", "of one CPU, in the kernel"),
    sampled("guest", "%guest", "%", "of one CPU, running a virtual machine",
      { hidden: "mostly nothing" }),
    make("wait_share", { title: "%wait", unit: "%", decimals: 1, value: r => share(r.wait_ns),
      about: "of the interval: runnable, but not on a CPU" }),
    sampled("cpu", "CPU", "", "where it ran last", { decimals: 0 }),
    sampled("minflt", "minflt/s", "1/s", "page faults without I/O in a second"),
    sampled("majflt", "majflt/s", "1/s", "page faults with I/O in a second"),
    sampled("rss_bytes", "RSS", "MiB", "resident memory of its process",
      { value: r => r.rss_bytes === null ? null : r.rss_bytes / 2 ** 20 }),
    make("run", { ...ms("on_cpu_ns"), title: "run time", about: "time on CPUs in the interval" }),
    make("wait", { ...ms("wait_ns"), title: "waited", about: "runnable, but not on a CPU" }),
    make("p99", { ...ms("wakeup_p99_ns"), title: "wakeup p99",
      about: "99 % of the waits for a CPU after a wakeup, in the interval, were not longer; of " +
        "processes that of the thread where it is longest" }),
    make("voluntary", { ...perSecond("voluntary"), title: "cswch/s",
      about: "switches in which it gave up the CPU" }),
    make("involuntary", { ...perSecond("involuntary"), title: "nvcswch/s",
      about: "switches in which the CPU was taken from it" }),
    make("migrations", { ...perSecond("migrations"), title: "migrations/s",
      about: "moves to another CPU" }),
    make("blocked", { ...ms("blocked_ns"), about: "uninterruptible, mostly waiting for a device" }),
    make("state", { about: "what it does now" }),
    make("priority", { title: "prio", decimals: 0,
      about: "as the kernel prints it: 120 is nice 0, below 100 real time" }),
    make("threads", { decimals: 0, about: "with a row in the interval",
      hidden: by.value ? undefined : "one each" }),
    make("tgid", { title: "process", decimals: 0, about: "process id",
      hidden: by.value ? "the same as pid" : "threads are by it" }),
    make("ppid", { title: "parent", decimals: 0, about: "the parent's process id",
      hidden: "changes little" }),
    make("charged", { ...ms("charged_ns"), about: "CPU time that the kernel charged",
      hidden: "as the run time, but in steps" }),
  ];
}

// Of all tasks, those too that are not among the rows.
function drawSum(update, records, shown) {
  const { totals, all_rows: all, rows: sent } = update.tables.tasks, each = 1 / update.seconds;
  const going = records.reduce((sum, r) => sum + r.going_ns, 0), run = totals.on_cpu_ns + going;
  const text = (label, value) => element("span.part", null, element("span.quiet", null, label + " "),
    value);
  sum.replaceChildren(
    element("b", null, `All ${grouped(all)} tasks that did something`),
    text("%CPU", (run / 1e7 * each).toFixed(1)),
    text("run time", (run / 1e6).toFixed(3) + " ms"),
    text("cswch/s", (totals.switches_voluntary * each).toFixed(1)),
    text("nvcswch/s", (totals.switches_involuntary * each).toFixed(1)),
    text("migrations/s", (totals.migrations * each).toFixed(1)),
    sent < all ? text("not among the rows", grouped(all - sent)) : "",
    shown < rows.which().length ? text("filtered", grouped(shown) + " rows") : "");
}

function draw(update) {
  let records = recordsOf(update);
  if (by.value)
    records = processesOf(records);
  const frozen = grid.isHeld;
  rows.take(records.map(r => [`${r.pid} ${r.start} ${r.pid === null ? r.comm : ""}`, r]), frozen);
  const word = filter.value.toLowerCase();
  const which = rows.which(r => !word || r.comm.toLowerCase().includes(word) ||
    String(r.pid).includes(word));
  grid.renew(columnsOf(update), rows.rows.length, which, { sort: state.get("sort"),
    chosen: state.get("columns"), own: "-on_cpu", frozen });
  drawSum(update, records, which.length);
}

const view = new LiveView("tasks", { draw, reset: () => rows.clear(),
  tools: [element("label", null, "Show ", by), element("label", null, "Filter ", filter)],
  content: [sum, grid.root] });

export const root = view.root;

export function show() {
  grid.use();
  return view.show();
}

export function hide() {
  view.hide();
}

export function update() {
  filter.value = state.get("filter") || "";
  const process = state.get("by") || "";
  if (process !== by.value || filter.value !== shownFilter) {
    by.value = process;
    shownFilter = filter.value;
    rows.clear();
    view.drawn = null;
  }
  view.update();
}

let shownFilter = "";

export function search() {
  filter.focus();
}
