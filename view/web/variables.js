// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Variables: the events that $NAME stands for in instruction files.
import * as app from "./app.js";
import * as api from "./api.js";
import { element, grouped, sentence } from "./dom.js";
import { Grid } from "./grid.js";
import * as state from "./state.js";

export const title = "Variables";
export const root = element("div.view", { id: "variables" });

const filter = element("input", { type: "search", id: "variables-filter",
  placeholder: "part of a name",
  oninput: () => state.change({ filter: filter.value }, { replace: true }) });
const message = element("div.notes");
const grid = new Grid({ label: "Variables", key: "variables", empty: "No event has such a name.",
  onSort: sort => state.change({ sort }) });
let list = [], of = null;

root.append(element("div.tools", null, element("label.wide", null, "Filter ", filter)),
  element("div.about", null, "Events, and the numbers that $NAME stands for in instruction files."),
  message, grid.root);

const COLUMNS = [
  { name: "name", title: "name", unit: "", about: "of the event", known: () => true,
    text: row => list[row].name,
    compare: (a, b) => list[a].name < list[b].name ? -1 : list[a].name > list[b].name ? 1 : 0 },
  { name: "id", title: "number", unit: "", about: "what $NAME stands for", number: true,
    known: () => true, text: row => String(list[row].id),
    compare: (a, b) => list[a].id - list[b].id },
  { name: "rows", title: "rows", unit: "", about: "of this event", number: true, known: () => true,
    text: row => grouped(list[row].rows), compare: (a, b) => list[a].rows - list[b].rows },
];

export function show() {
  grid.use();
  return update();
}

export function hide() {}

export function search() {
  filter.focus();
  filter.select();
}

export async function update() {
  const recording = app.chosen();
  if (!recording) {
    list = [];
    grid.set(COLUMNS, 0);
    message.replaceChildren(element("p.empty", null, app.whyNothing()));
    return;
  }
  // Nothing of another recording stands there meanwhile.
  grid.root.hidden = recording !== of;
  try {
    const answer = await app.open(recording);
    if (recording !== app.chosen() || state.view() !== "variables")
      return;
    list = answer.variables;
    of = recording;
    message.replaceChildren();
  } catch (error) {
    if (!(error instanceof api.Dropped) || error.cancelled)
      message.replaceChildren(sentence(error.message, "error"));
    return;
  }
  if (filter.value !== (state.get("filter") || ""))
    filter.value = state.get("filter") || "";
  const word = filter.value.toLowerCase();
  grid.which = [...list.keys()].filter(row => list[row].name.toLowerCase().includes(word));
  grid.set(COLUMNS, list.length, { sort: state.get("sort") });
  grid.root.hidden = false;
  root.dataset.of = of.name;
}
