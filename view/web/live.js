// SPDX-License-Identifier: LGPL-2.1-or-later
// The connection over which a running system is pushed: what is watched, what came, and since when
// nothing comes.
import { kept } from "./dom.js";
import { frame } from "./frame.js";
import * as log from "./log.js";
import { parseExact } from "./api.js";

// Of a view, so many updates are kept to go back through: minutes of them, and bounded.
const KEPT_UPDATES = 300, KEPT_BYTES = 64 << 20;

const listeners = { update: [], system: [], rows: [], connection: [], skipped: [] };
let socket = null, watched = null, waits = 500, lostSince = null;

export let system = null, recorder = null, skipped = 0;
export let history = [];
let historyBytes = 0;

export function on(event, listener) {
  listeners[event].push(listener);
}

function tell(event, ...what) {
  for (const listener of listeners[event])
    listener(...what);
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN)
    socket.send(JSON.stringify(message));
}

// A view at an interval, in seconds, instead of the one before.
export function watch(view, interval) {
  if (watched && watched.view === view && watched.interval === interval)
    return;
  if (!watched || watched.view !== view) {
    history = [];
    historyBytes = 0;
  }
  watched = { view, interval };
  send({ watch: view, interval });
}

export function order(message) {
  send(message);
}

const decoder = new TextDecoder();

// A message of tables: its head, with tables by name.
function readUpdate(buffer) {
  const view = new DataView(buffer);
  if (decoder.decode(new Uint8Array(buffer, 0, 4)) !== "STL1")
    throw new Error("The server sent something that is no update.");
  const length = view.getUint32(4, true), begin = 8 + length;
  const update = parseExact(decoder.decode(new Uint8Array(buffer, 8, length)));
  update.tables = {};
  for (const { at, bytes } of update.frames) {
    const table = frame(buffer.slice(begin + at, begin + at + bytes));
    update.tables[table.table] = table;
  }
  update.bytes = buffer.byteLength;
  update.seconds = Number(BigInt(update.end_ns) - BigInt(update.begin_ns)) / 1e9;
  // Wall time, ms.
  update.time = update.wall_offset_ns === null ? Date.now()
    : Number((BigInt(update.end_ns) + BigInt(update.wall_offset_ns)) / 1000000n);
  return update;
}

function keep(update) {
  history.push(update);
  historyBytes += update.bytes;
  while (history.length > KEPT_UPDATES || historyBytes > KEPT_BYTES)
    historyBytes -= history.shift().bytes;
}

function takeText(message) {
  if (message.system) {
    system = message.system;
    if (message.recorder) {
      const before = recorder;
      recorder = message.recorder;
      if (recorder.error && recorder.error !== before?.error)
        log.add("error", recorder.error);
    }
    tell("system");
  } else if (message.log) {
    tell("rows", message);
  } else if (message.skipped !== undefined) {
    skipped = message.skipped;
    tell("skipped");
  } else if (message.error) {
    log.add("error", message.error);
    tell("system");
  }
}

function receive(event) {
  if (typeof event.data === "string") {
    takeText(parseExact(event.data));
    return;
  }
  const update = readUpdate(event.data);
  if (update.view !== watched?.view)
    return;
  keep(update);
  tell("update", update);
}

function connect() {
  const token = kept.read("token");
  if (!token)
    return;
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/api/live",
    ["schedview.live", token]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    waits = 500;
    if (lostSince)
      log.add("note", "The connection to schedview is back.");
    lostSince = null;
    tell("connection", null);
    if (watched)
      send({ watch: watched.view, interval: watched.interval });
  };
  socket.onmessage = receive;
  socket.onclose = () => {
    if (!lostSince) {
      lostSince = new Date();
      log.add("error", "The connection to schedview was lost.");
      tell("connection", lostSince);
    }
    setTimeout(connect, waits);
    waits = Math.min(2 * waits, 30000);
  };
}

export function start() {
  connect();
}
