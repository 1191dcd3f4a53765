// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Recordings: what the server was given, with what is known of each.
import * as app from "./app.js";
import { element, grouped, sentence } from "./dom.js";
import { Grid } from "./grid.js";
import * as state from "./state.js";

export const title = "Recordings";
export const root = element("div.view", { id: "recordings" });

const filter = element("input", { type: "search", id: "recordings-filter", placeholder: "any word",
  oninput: () => {
    state.change({ filter: filter.value }, { replace: true });
  } });
const message = element("div.notes");
const grid = new Grid({ label: "Recordings", key: "recordings", oneClick: true,
  empty: "No recording is like that.",
  onSort: sort => state.change({ sort }), onColumns: columns => state.change({ columns }),
  onOpen: row => choose(list[row]) });
let list = [];

root.append(element("div.tools", null, element("label.wide", null, "Filter ", filter)), message,
  grid.root);

function choose(recording) {
  if (recording.error)
    return;
  state.change({ recording: app.wordOf(recording), x: null, y: null, off: null },
    { view: "figure" });
}

const compareTexts = (a, b) => a < b ? -1 : a > b ? 1 : 0;

function texts(name, heading, about, more = {}) {
  return { name, title: heading, unit: "", about, known: row => !!list[row][name],
    text: row => list[row][name],
    compare: (a, b) => compareTexts(list[a][name], list[b][name]), ...more };
}

function numbers(name, heading, unit, about, text = grouped) {
  return { name, title: heading, unit, about, number: true,
    known: row => list[row][name] !== null && list[row][name] !== undefined,
    text: row => text(Number(list[row][name])), compare: (a, b) => list[a][name] - list[b][name] };
}

function local(time) {
  const date = new Date(time), two = n => String(n).padStart(2, "0");
  return Number.isNaN(+date) ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-` +
    `${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const COLUMNS = [
  texts("name", "name", "the file's name"),
  texts("command", "command", "the command that was recorded"),
  texts("host", "host", "the machine's name"),
  texts("kernel", "kernel", "its release"),
  texts("machine", "machine", "its architecture"),
  numbers("cpus", "CPUs", "", "how many CPUs were recorded"),
  numbers("length_ns", "length", "s", "from the first row to the last",
    ns => (ns / 1e9).toFixed(3)),
  numbers("rows", "rows", "", "rows of all events"),
  numbers("lost", "lost", "", "records that were lost while recording"),
  numbers("bytes", "size", "MiB", "of the file", bytes => (bytes / 1048576).toFixed(1)),
  texts("modified", "modified", "when the file was written last", {
    text: row => local(list[row].modified) }),
  texts("kind", "kind", "tarball or trace.dat"),
  texts("error", "what is wrong", "why it cannot be read", { class: () => ".error" }),
];

export async function show() {
  grid.use();
  return update();
}

export function hide() {}

export function search() {
  filter.focus();
  filter.select();
}

export async function update() {
  try {
    list = await app.load();
  } catch (error) {
    message.replaceChildren(sentence(error.message, "error"));
    return;
  }
  message.replaceChildren();
  if (filter.value !== (state.get("filter") || ""))
    filter.value = state.get("filter") || "";
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const unknown = COLUMNS.map(column => ({ ...column, hidden:
    list.some((_, row) => column.known(row)) ? undefined : column.name === "error" ? "nothing"
      : "not known before it is read" }));
  grid.which = [...list.keys()].filter(row => words.every(word => COLUMNS.some(column =>
    column.known(row) && String(column.text(row)).toLowerCase().includes(word))));
  grid.set(unknown, list.length, { sort: state.get("sort"), chosen: state.get("columns") });
  if (!list.length)
    message.replaceChildren(sentence("There is no recording here. schedrec makes one: " +
      "schedrec -o out.dat -- COMMAND.", "warning"));
}
