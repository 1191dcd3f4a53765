// SPDX-License-Identifier: LGPL-2.1-or-later
// A second recording below the first, in the same window of time: which one, and what of it is at
// the first one's begin.
import * as api from "./api.js";
import * as app from "./app.js";
import { button, element, say, visible } from "./dom.js";
import * as state from "./state.js";
import { duration } from "./timeline_details.js";

// When the recorded command began, in ns since the first row; null: nobody knows.
async function commandOf({ recording, model }) {
  const table = await api.table("table", { recording: recording.id, analysis: "utilization",
    table: "completion" }, { what: "command of " + recording.name });
  const column = name => table.columns.find(c => c.name === name).values;
  for (let row = 0; row < table.rows; row++)
    if (column("what").digits(row) === "command" && column("start_ns").known(row))
      return Number(column("start_ns").big(row) - model.origin);
  return null;
}

export class Beside {
  constructor(first, second, problem) {
    Object.assign(this, { first, second, problem });
    this.isShown = this.isAlone = false;
    this.which = element("select", { id: "timeline-beside", onchange: () => state.change({
      other: this.which.value, shift: null, of: null, a2: null }) });
    this.title = element("span.quiet", { id: "timeline-shift" });
    this.alone = button("Move it alone", () => this.toggle(),
      { title: "Dragged, the second recording moves against the first (Ctrl+Alt+S)" });
    this.align = element("span.group", { role: "group", "aria-label": "Align" }, "Align by",
      button("first rows", () => this.shift(0)),
      button("commands", () => this.byCommands().catch(problem)),
      button("markers", () => this.byMarkers(),
        { title: "A of the first one, and the place marked by m in the second" }), this.alone);
    this.root = element("div.tools", { hidden: true },
      element("label", null, "Beside ", this.which), this.align, this.title);
  }

  get panes() {
    return this.isShown ? [this.first, this.second] : [this.first];
  }

  // Reads the second recording, if there is one. false: something else is shown by now.
  async open(recording) {
    const others = app.all().filter(other => other !== recording && !other.error);
    const other = others.find(r => app.wordOf(r) === state.get("other"));
    this.root.hidden = !others.length;
    this.which.replaceChildren(element("option", { value: "" }, "nothing"),
      ...others.map(r => element("option", { value: app.wordOf(r) }, visible(r.name))));
    this.which.value = other ? app.wordOf(other) : "";
    this.align.hidden = !other;
    if (other && !await this.second.open(other))
      return false;
    this.isShown = !!other;
    this.second.root.hidden = !other;
    this.second.offset = other ? Number(state.get("shift")) || 0 : 0;
    this.title.textContent = !other ? ""
      : `its ${duration(this.second.offset)} is at the first one's begin`;
    return true;
  }

  shift(ns) {
    state.change({ shift: ns || null });
  }

  async byCommands() {
    const [one, other] = [await commandOf(this.first), await commandOf(this.second)];
    if (one === null || other === null)
      this.problem(new Error("One of the recordings does not know when its command began."));
    else
      this.shift(other - one);
  }

  byMarkers() {
    if (state.get("a") === null || state.get("a2") === null)
      this.problem(new Error("Mark a place in each: point at it, and press m."));
    else
      this.shift(Number(state.get("a2")) - Number(state.get("a")));
  }

  toggle() {
    this.isAlone = !this.isAlone;
    this.alone.setAttribute("aria-pressed", this.isAlone);
    say(this.isAlone ? "the second recording moves alone" : "both move together");
  }

  // After one of them was moved: the other goes with it, or is left where it is.
  follow(of, { x0, x1 }) {
    const { first, second } = this;
    if (!this.isShown)
      return;
    if (of === second && this.isAlone) {
      const { x0: f0, x1: f1 } = first.lanes.window;
      second.offset = Math.round(x0 + (x1 - x0) / 2 - (f0 + f1) / 2);
      if (x1 - x0 === f1 - f0)
        return;
    }
    const other = of === first ? second : first;
    other.lanes.show({ x0: other.own(of.common(x0)), x1: other.own(of.common(x1)) });
  }
}
