// SPDX-License-Identifier: LGPL-2.1-or-later
// The lanes of a recording: which there are, and their shares of a window, asked for lane by lane
// and kept until the window is another one.
import * as api from "./api.js";
import { visible } from "./dom.js";

const AT_ONCE = 200;   // lanes that one request asks for

// { lane: { ns, what, column, columns } } of an answer, each with as many entries as the lane has.
function shares(buffer) {
  const view = new DataView(buffer), bytes = new Uint8Array(buffer);
  const decoder = new TextDecoder();
  if (bytes.length < 8 || decoder.decode(bytes.subarray(0, 4)) !== "STL1")
    throw new Error("The server's answer says nothing of lanes.");
  const begin = 8 + view.getUint32(4, true);
  const { n, lanes } = JSON.parse(decoder.decode(bytes.subarray(8, begin)));
  const ns = new Float64Array(buffer, begin, n), what = new Uint32Array(buffer, begin + 8 * n, n);
  const column = new Uint16Array(buffer, begin + 12 * n, n);
  const columns = new Uint16Array(buffer, begin + 14 * n, n);
  return new Map(lanes.map(([lane, first, count]) => [lane, {
    n: count, ns: ns.subarray(first, first + count), what: what.subarray(first, first + count),
    column: column.subarray(first, first + count),
    columns: columns.subarray(first, first + count) }]));
}

export class Model {
  constructor(recording, told) {
    Object.assign(this, { recording, ...told });
    this.origin = BigInt(told.begin_ns);
    this.length = Math.max(1, told.length_ns);
    this.latest = new api.Latest();
    this.kept = { window: "", lanes: new Map() };
    this.byPid = Map.groupBy(this.tasks.pid.keys(), n => this.tasks.pid[n]);
  }

  static async open(recording) {
    const text = await api.text("lanes", { recording: recording.id },
      { what: "lanes of " + recording.name });
    return new Model(recording, JSON.parse(text));
  }

  // "cc1 1234", made safe to be shown.
  nameOf(task) {
    return visible(`${this.tasks.name[task] || "?"} ${this.tasks.pid[task]}`);
  }

  // What is known of these lanes in a window: a Map that may lack some.
  known({ x0, x1 }, columns) {
    const window = [x0, x1, columns].join();
    return this.kept.window === window ? this.kept.lanes : new Map();
  }

  // Asks for those that are not known. Something newer drops the request.
  async load(window, columns, lanes) {
    const key = [window.x0, window.x1, columns].join();
    if (this.kept.window !== key)
      this.kept = { window: key, lanes: new Map() };
    const kept = this.kept, missing = lanes.filter(lane => !kept.lanes.has(lane));
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      const buffer = await api.bytes("lanes/shares", { recording: this.recording.id, x0: window.x0,
        x1: window.x1, columns, lanes: missing.slice(at, at + AT_ONCE).join() },
      { what: "lanes of " + this.recording.name, latest: at ? undefined : this.latest });
      for (const [lane, found] of shares(buffer))
        kept.lanes.set(lane, found);
    }
    return kept.lanes;
  }

  // How busy all CPUs were, over the whole time.
  async overview(columns) {
    const buffer = await api.bytes("lanes/shares", { recording: this.recording.id, x0: 0,
      x1: this.length, columns, lanes: "a" }, { what: "all CPUs of " + this.recording.name });
    return shares(buffer).get("a");
  }

  async span(lane, at, latest) {
    return JSON.parse(await api.text("lanes/span",
      { recording: this.recording.id, lane, at: Math.floor(at) },
      { what: "a span of " + this.recording.name, latest }));
  }

  async runs(task, { x0, x1 }, latest) {
    return JSON.parse(await api.text("lanes/runs",
      { recording: this.recording.id, lane: "t" + task, x0, x1 },
      { what: "where a task of " + this.recording.name + " ran", latest }));
  }

  async findRows(words, latest) {
    return JSON.parse(await api.text("rows", { recording: this.recording.id, ...words },
      { what: "events of " + this.recording.name, latest }));
  }

  // A time of ours as the command line has it.
  stamp(ns) {
    return "@" + (this.origin + BigInt(Math.round(ns)));
  }
}
