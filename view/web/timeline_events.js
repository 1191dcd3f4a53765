// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of a recording around a time, of all of it or of the lane that is selected.
import * as api from "./api.js";
import { element, sentence, visible } from "./dom.js";
import { duration } from "./timeline_details.js";

const EACH_WAY = 60;
const HEADINGS = ["time", "CPU", "event", "task", "pid", "arg0", "arg1"];

// The condition that a lane's rows fulfil; of a task also those that switch to it, or are its
// wakeups by others.
export function conditionOf(model, lane) {
  if (!lane)
    return "";
  const number = Number(lane.slice(1));
  if (lane[0] !== "t")
    return `cpu == ${number}`;
  const pid = model.tasks.pid[number], begin = model.tasks.begin[number];
  const end = model.tasks.end[number];
  const next = model.events.indexOf("CTX_SWITCH");
  return `(pid == ${pid} or (event == ${next} and arg0 == ${pid})) and ` +
    `timestamp >= ${begin} and timestamp <= ${end}`;
}

export class Events {
  // onChoose(time, row): a row was chosen.
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.latest = new api.Latest();
    this.own = element("input", { type: "checkbox", checked: true,
      onchange: () => this.again() });
    this.title = element("span.quiet");
    this.body = element("tbody");
    this.list = element("div.events", { tabIndex: 0, role: "region", "aria-label": "Events" },
      element("table", null, element("thead", null, element("tr", null,
        ...HEADINGS.map(name => element("th", null, name)))), this.body));
    this.message = element("div.notes");
    this.root = element("div.view", null, element("div.drawer-tools", null,
      element("label", null, this.own, "Only the selected lane's"), this.title), this.message,
    this.list);
  }

  again() {
    if (this.asked)
      this.show(...this.asked);
  }

  // Around a time; row: which one is the chosen one.
  async show(model, lane, time, row = null) {
    this.asked = [model, lane, time, row];
    const query = this.own.checked ? conditionOf(model, lane) : "";
    const place = row === null ? { at: Math.floor(time) } : { row };
    const signal = this.latest;
    try {
      const after = await model.findRows({ ...place, query, count: EACH_WAY }, signal);
      const before = await model.findRows({ ...place, query, count: EACH_WAY, before: 1 }, signal);
      this.fill(before, after);
      this.message.replaceChildren();
    } catch (error) {
      if (!(error instanceof api.Dropped))
        this.message.replaceChildren(sentence(error.message, "error"));
    }
  }

  fill(before, after) {
    const lines = [...before.row.keys()].reverse().map(n => [before, n])
      .concat([...after.row.keys()].map(n => [after, n]));
    this.body.replaceChildren(...lines.map(([of, n]) => this.line(of, n)));
    this.title.textContent = lines.length ? "" : "No event here.";
    const chosen = this.body.children[before.row.length];
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "center" });
    this.root.dataset.row = after.row[0] ?? "";
  }

  line(of, n) {
    const time = of.timestamp[n], row = of.row[n];
    const cells = [duration(time), of.cpu[n], of.event[n] ?? "?", of.comm[n] ?? "", of.pid[n],
      of.arg0[n], of.arg1[n]];
    return element("tr", { "data-row": row, onclick: () => this.onChoose(time, row, of.cpu[n]) },
      ...cells.map(text => element("td", null, visible(text))));
  }
}
