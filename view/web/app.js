// SPDX-License-Identifier: LGPL-2.1-or-later
// What the views share: the list of recordings, the one that is open, and the instruction files.
import * as api from "./api.js";
import { visible } from "./dom.js";
import * as log from "./log.js";
import * as state from "./state.js";

let recordings = [], loaded = null;

// Is it a running system that is shown?
export let isLive = false;
const opened = new Map(), files = new Map();

export function all() {
  return recordings;
}

// Has the server said which there are?
export function isKnown() {
  return !!loaded;
}

// The word for a recording in an address: its name, which another run of the server knows too.
export function wordOf(recording) {
  return recordings.filter(other => other.name === recording.name).length === 1
    ? recording.name : recording.id;
}

// The recording that the address names; the only one where it names none; null.
export function chosen() {
  const word = state.get("recording");
  if (word === null)
    return recordings.length === 1 ? recordings[0] : null;
  return recordings.find(r => r.name === word && wordOf(r) === word) ||
    recordings.find(r => r.id === word) || null;
}

export function whyNothing() {
  const word = state.get("recording");
  if (!isKnown())
    return "The server has not said which recordings there are.";
  return word === null ? "Choose a recording first."
    : `There is no recording ${visible(word)} here. Choose another one.`;
}

export async function load(again = false) {
  if (!loaded || again) {
    loaded = api.json("recordings", {}, { what: "list of recordings" });
    loaded.catch(() => {
      loaded = null;
    });
  }
  const answer = await loaded;
  recordings = answer.recordings;
  isLive = answer.live;
  return recordings;
}

const listeners = [];

// Called whenever more is known of a recording.
export function onOpen(listener) {
  listeners.push(listener);
}

// Everything that is known of a recording; reads it when it is asked for the first time.
export function open(recording) {
  if (!opened.has(recording.id)) {
    const promise = api.json("recording", { recording: recording.id },
      { what: "reading " + recording.name });
    opened.set(recording.id, promise);
    promise.then(answer => {
      Object.assign(recording, answer);
      for (const note of answer.notes || [])
        log.add("note", `${recording.name}: ${note}`);
      for (const listener of listeners)
        listener();
    }, () => opened.delete(recording.id));
  }
  return opened.get(recording.id);
}

export function instructions(recording, again = false) {
  if (again || !files.has(recording.id)) {
    const promise = api.json("instructions", { recording: recording.id },
      { what: "list of instruction files" });
    files.set(recording.id, promise);
    promise.catch(() => files.delete(recording.id));
  }
  return files.get(recording.id);
}

// Forgets what was read, so that the server is asked again.
export function forget() {
  opened.clear();
  files.clear();
  return load(true);
}

// Who ran is what most want to see first.
export async function instructionsOf(recording) {
  const list = await instructions(recording), word = state.get("instructions", "figure");
  return word || (list.find(file => file.name === "who-ran") || list[0])?.name || null;
}

// A length of time of a recording, in seconds.
export function lengthText(ns) {
  return ns === null || ns === undefined ? "" : (ns / 1e9).toFixed(3) + " s";
}
