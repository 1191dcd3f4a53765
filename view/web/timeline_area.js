// SPDX-License-Identifier: LGPL-2.1-or-later
// The tables of an area of time, which are those of schedreport --window.
import * as api from "./api.js";
import { gridColumns } from "./columns.js";
import { button, element, save, sentence, visible } from "./dom.js";
import { Grid } from "./grid.js";
import * as state from "./state.js";
import { duration } from "./timeline_details.js";

// [analysis, table, what it is called here]
const TABLES = [
  ["tasks", "tasks", "by task"], ["cpus", "cpus", "by CPU"],
  ["cpus", "cpu_tasks", "by CPU and task"], ["states", "states", "by state"],
  ["latency", "latency", "latency by task"], ["latency", "latency_kinds", "latency"],
  ["latency", "latency_histogram", "histogram of latencies"],
  ["latency", "latency_worst", "longest waits"], ["waits", "waits", "where time went"],
  ["waits", "antagonists", "who ran meanwhile"],
  ["runqueue", "work_conservation", "idle while others wait"],
  ["runqueue", "runqueue_lengths", "run queues"], ["migrations", "migrations", "migrations"],
  ["faults", "faults", "page faults"],
];

export class Area {
  constructor() {
    this.latest = new api.Latest();
    this.which = element("select", { "aria-label": "Table of the area",
      onchange: () => state.change({ show: this.which.value }, { replace: true }) },
    ...TABLES.map(([, table, label]) => element("option", { value: table }, label)));
    this.title = element("span.quiet");
    this.message = element("div.notes");
    this.place = element("div.view");
    this.root = element("div.view", null, element("div.drawer-tools", null, this.which,
      button("CSV", () => this.download()), this.title), this.message, this.place);
    this.shown = "";
  }

  // { begin, end } of a pane in its own time, and the table; isOneOfTwo: its recording is named.
  async show({ recording, model }, { begin, end }, table, isOneOfTwo) {
    const [analysis, name] = TABLES.find(([, t]) => t === table) || TABLES[0];
    this.which.value = name;
    this.title.textContent = (isOneOfTwo ? visible(recording.name) + ": " : "") +
      `${duration(begin)} to ${duration(end)}: ${duration(end - begin)}`;
    this.asked = { recording: recording.id, analysis, table: name,
      window: `${model.stamp(begin)}:${model.stamp(end)}` };
    const now = JSON.stringify(this.asked);
    if (now === this.shown)
      return;
    this.recording = recording;
    this.root.dataset.loaded = "";
    try {
      const answer = await api.table("table", this.asked, { latest: this.latest,
        what: `${name} of the area` });
      this.take(answer, model);
      this.shown = now;
      this.root.dataset.loaded = now;
    } catch (error) {
      this.shown = "";
      if (error instanceof api.Dropped && !error.cancelled)
        return;
      this.place.replaceChildren();
      this.message.replaceChildren(sentence(error.message, "error"));
    }
  }

  take(answer, model) {
    const key = `area.${answer.analysis}.${answer.table}`;
    if (this.grid?.key !== key)
      this.grid = new Grid({ label: answer.table, key, empty: "Nothing in this time.",
        onSort: sort => {
          this.sort = sort;
          this.fill();
        }, onColumns: () => this.fill() });
    this.sort = null;
    this.answer = answer;
    this.columns = gridColumns(answer, { origin_ns: model.begin_ns });
    this.message.replaceChildren(...(answer.notes || []).map(note => sentence(note, "warning")));
    this.place.replaceChildren(this.grid.root);
    this.fill();
  }

  fill() {
    this.grid.use();
    this.grid.set(this.columns, this.answer.rows, { sort: this.sort, own: this.answer.order });
  }

  async download() {
    if (!this.asked)
      return;
    const blob = await api.blob("table/file", { ...this.asked, format: "csv" },
      { what: `${this.asked.table} of the area as CSV` });
    save(blob, `${this.recording.name.replace(/\.\w+$/, "")}-${this.asked.table}.csv`);
  }
}
