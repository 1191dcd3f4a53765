// SPDX-License-Identifier: LGPL-2.1-or-later
// One recording of the timeline: its lanes, and how times that recordings share become its own.
import * as api from "./api.js";
import * as state from "./state.js";
import { Colours } from "./timeline_colours.js";
import { Lanes } from "./timeline_lanes.js";
import { Model } from "./timeline_model.js";
import { rowsOf } from "./timeline_rows.js";

const models = new Map();

export function forget() {
  models.clear();
}

// The lanes of a recording, which are read once.
export function modelOf(recording) {
  if (!models.has(recording.id)) {
    const promise = Model.open(recording);
    models.set(recording.id, promise);
    promise.catch(() => models.delete(recording.id));
  }
  return models.get(recording.id);
}

export class Pane {
  // name: before lanes in words, "" of the first one; the listeners of Lanes get the pane first.
  constructor(name, listeners) {
    this.name = name;
    this.offset = 0;   // its time at which the first one's is 0
    this.lanes = new Lanes(Object.fromEntries(Object.entries(listeners).map(([word, listener]) =>
      [word, (...what) => listener(this, ...what)])));
    this.root = this.lanes.root;
    this.latest = new api.Latest();
  }

  async open(recording) {
    this.recording = recording;
    const model = await modelOf(recording);
    if (this.recording !== recording)
      return false;
    this.model = model;
    return true;
  }

  own(time) {
    return time + this.offset;
  }

  common(time) {
    return time - this.offset;
  }

  // What is on it, in the shared window.
  show(window, { closed, dark, scale }) {
    const { model, lanes } = this, isFirst = !this.name;
    this.options = { cpus: state.get("cpus"), tasks: state.get("tasks"), closed,
      onlyRan: state.get("ran") === "1", scale,
      pins: isFirst ? state.list(state.get("pin")).map(Number)
        .filter(task => task < model.tasks.pid.length) : [] };
    lanes.raw = state.get("raw") === "1";
    lanes.set({ model, rows: rowsOf(model, this.options),
      whole: { x0: 0, x1: model.length },
      window: { x0: this.own(window.x0), x1: this.own(window.x1) },
      painter: new Colours(model, state.get("colour") || "name", dark) });
  }

  // The lanes' rows that show a task or a CPU.
  keysOf(lane) {
    return lane[0] === "t" ? ["p" + lane.slice(1), lane] : ["c" + lane.slice(1)];
  }
}
