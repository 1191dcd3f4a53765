// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of the span that is selected: who, how long, why it waited, who woke it, and what
// came before and after.
import { button, data, element, visible } from "./dom.js";
import { FIRST_SPECIAL, LASTING, LASTS, MEANINGS } from "./timeline_colours.js";

const NS = "\u202f";

// Exact to the ns: 3.943668 ms.
export function duration(ns) {
  const size = Math.abs(ns);
  if (size < 1e3)
    return `${ns}${NS}ns`;
  const [divisor, digits, unit] = size < 1e6 ? [1e3, 3, "µs"] : size < 1e9 ? [1e6, 6, "ms"]
    : [1e9, 9, "s"];
  return (ns / divisor).toFixed(digits) + NS + unit;
}

export function stateOf(model, what) {
  if (what >= FIRST_SPECIAL)
    return "unknown";
  return what < LASTS ? model.states[what] : model.states[what - LASTS] + " (no end was seen)";
}

const WHY = { woken: "after a wakeup", preempted: "after it was preempted",
  new: "after it was made", runnable: "since before the first row" };

function priorityText(priority) {
  if (priority === null)
    return "unknown";
  const kind = priority < 0 ? "deadline" : priority < 100 ? "real time" : `nice ${priority - 120}`;
  return `${priority} (${kind})`;
}

// Who runs on a CPU, or what that does.
function runText(model, what) {
  return what < FIRST_SPECIAL ? model.nameOf(what) : MEANINGS.get(what) || "unknown";
}

class Details {
  constructor(model, lane, found, go) {
    Object.assign(this, { model, lane, found, go });
    this.lines = [];
  }

  line(name, ...content) {
    this.lines.push([name, content]);
  }

  // A button that selects what is there.
  link(text, lane, at) {
    return button(text, () => this.go(lane, at), { className: "link" });
  }

  task(number, at) {
    return this.link(this.model.nameOf(number), "t" + number, at);
  }

  spanText({ begin, end, what, detail }) {
    const where = detail === null ? "" : ` on CPU ${detail}`;
    return `${stateOf(this.model, what)}${where} for ${duration(end - begin)}`;
  }

  time({ begin, end }) {
    this.line("From", `${duration(begin)} to ${duration(end)}`);
    this.line("Length", duration(end - begin));
  }

  ofTask(of) {
    const { tasks } = this.model, { task, span } = of, running = span.what === 0;
    const process = tasks.tgid[task];
    this.line("Task", data(tasks.name[task] || "?"), ` pid ${tasks.pid[task]}` +
      (process === null ? "" : `, process ${process}`));
    this.line("Did", stateOf(this.model, span.what),
      ...span.detail === null ? [] : [running ? " on " : " for ",
        this.link("CPU " + span.detail, "c" + span.detail, span.begin)]);
    this.time(span);
    this.line("Priority", priorityText(tasks.prio[task]) + ", as it was last");
    if (of.wait)
      this.waiting(of);
    if (of.before)
      this.line("Before", this.link(this.spanText(of.before), "t" + task, of.before.begin));
    if (of.after)
      this.line("After", this.link(this.spanText(of.after), "t" + task, of.after.begin));
    if (of.woke.length)
      this.line("Woke", ...of.woke.flatMap(({ task: other, at }, n) =>
        [n ? ", " : "", this.task(other, at), ` at ${duration(at)}`]));
  }

  waiting({ wait, waker, meanwhile, span }) {
    const name = this.model.states[wait.what % LASTS];
    this.line(wait.begin === span.begin ? "Waits" : "Waited",
      `${duration(wait.end - wait.begin)} ` + `${WHY[name] || ""}${wait.detail === null ? "" : `, for CPU ${wait.detail}`}`);
    if (waker)
      this.line("Woken by", waker.task === null ? "an interrupt on an idle CPU"
        : this.task(waker.task, waker.at), ` at ${duration(waker.at)}`);
    if (meanwhile.length)
      this.line("Meanwhile there", ...meanwhile.flatMap(({ what, ns }, n) => [n ? ", " : "",
        what < FIRST_SPECIAL ? this.task(what, wait.begin) : runText(this.model, what),
        ` ${duration(ns)}`]));
  }

  neighbours() {
    const { before, after } = this.found;
    for (const [name, span] of [["Before on the CPU", before], ["After on the CPU", after]])
      if (span)
        this.line(name, this.link(`${runText(this.model, span.what === LASTING ? span.detail
          : span.what)} for ${duration(span.end - span.begin)}`, this.lane, span.begin));
  }
}

// { root, text }: the elements, and the same to be copied. go(lane, at) selects something else.
export function details(model, lane, found, go) {
  const of = new Details(model, lane, found, go), { span, of_task: task } = found;
  if (task) {
    of.ofTask(task);
  } else {
    of.line("Lane", `${lane[0] === "q" ? "run queue of " : ""}CPU ${lane.slice(1)}`);
    of.line(lane[0] === "q" ? "Runnable" : "Did",
      lane[0] === "q" && span.what < FIRST_SPECIAL ? String(span.what)
        : MEANINGS.get(span.what) || "unknown");
    of.time(span);
  }
  if (lane[0] === "c")
    of.neighbours();
  const root = element("dl.details", null, ...of.lines.flatMap(([name, content]) =>
    [element("dt", null, name), element("dd", null, ...content)]));
  const text = of.lines.map(([name, content]) => `${name}: ` + content.map(part =>
    part.textContent ?? part).join("")).join("\n");
  return { root, text: visible(text).replaceAll("\\x0a", "\n").replaceAll(NS, " ") };
}
