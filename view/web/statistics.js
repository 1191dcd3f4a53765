// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Statistics: mean, sum and count of what an instruction file puts out, by category.
import * as api from "./api.js";
import * as app from "./app.js";
import { element, grouped, sentence } from "./dom.js";
import { Grid } from "./grid.js";
import { Instructions } from "./instructions.js";
import { QueryBox } from "./query.js";
import * as state from "./state.js";

export const title = "Statistics";
export const root = element("div.view", { id: "statistics" });

const latest = new api.Latest();
const files = new Instructions(name => state.change({ instructions: name, x: null, y: null,
  off: null }));
let names = [], lines = [], of = null, loadedAs = "";
const query = new QueryBox({ label: "Query", id: "statistics-query",
  placeholder: "cpu == 0 and comm =~ 'cc*'",
  names: () => names.map(name => ({ name, about: "" })),
  onEnter: text => state.change({ query: text }) });
const message = element("div.notes");
const grid = new Grid({ label: "Statistics", key: "statistics",
  empty: "No category has rows.",
  onSort: sort => state.change({ sort }), onColumns: columns => state.change({ columns }) });

root.append(element("div.tools", null, ...files.elements, query.root), query.error, message,
  grid.root);

const compareTexts = (a, b) => a < b ? -1 : a > b ? 1 : 0;
// Sums beyond 2^53 are texts of digits.
const compareNumbers = (a, b) => typeof a === "string" && typeof b === "string"
  ? (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0) : Number(a) - Number(b);

function number(name, about, text) {
  return { name, title: name, unit: "", about, number: true,
    known: row => lines[row][name] !== null, text: row => text(lines[row][name]),
    compare: (a, b) => compareNumbers(lines[a][name], lines[b][name]) };
}

const sumText = sum => typeof sum === "number" && !Number.isInteger(sum)
  ? grouped(sum.toFixed(3)) : grouped(sum);

const COLUMNS = [
  { name: "category", title: "category", unit: "", about: "its label", known: () => true,
    text: row => lines[row].category,
    compare: (a, b) => compareTexts(lines[a].category, lines[b].category) },
  { name: "column", title: "column", unit: "", about: "what the instructions put out",
    known: () => true, text: row => lines[row].column,
    compare: (a, b) => compareTexts(lines[a].column, lines[b].column) },
  number("mean", "sum by count; times are in ns", mean => grouped(Number(mean).toFixed(3))),
  number("sum", "exact where all values are whole numbers", sumText),
  number("count", "rows of the category", grouped),
];

export function show() {
  grid.use();
  return update();
}

export function hide() {
  latest.stop();
}

export function forget() {
  loadedAs = "";
}

export function search() {
  query.focus();
}

export async function update() {
  const recording = app.chosen();
  query.value = state.get("query");
  if (!recording) {
    lines = [];
    grid.set(COLUMNS, 0);
    message.replaceChildren(element("p.empty", null, app.whyNothing()));
    return;
  }
  // Nothing of another recording stands there meanwhile.
  grid.root.hidden = recording !== of;
  try {
    names = (await app.open(recording)).columns || [];
    await files.fill(recording);
    const asked = { recording: recording.id, instructions: files.name, query: state.get("query") };
    if (JSON.stringify(asked) !== loadedAs) {
      query.show(null);
      message.replaceChildren();
      root.dataset.loaded = "";
      const answer = await api.json("statistics", asked, { latest,
        what: `statistics of ${files.name} of ${recording.name}` });
      loadedAs = JSON.stringify(asked);
      read(answer);
    }
    grid.set(COLUMNS, lines.length, { sort: state.get("sort"), chosen: state.get("columns") });
    root.dataset.loaded = loadedAs;
    of = recording;
    grid.root.hidden = false;
  } catch (error) {
    if (error instanceof api.Refused && error.at !== undefined)
      query.show(error);
    else if (!(error instanceof api.Dropped) || error.cancelled)
      message.replaceChildren(sentence(error.message, "error"));
  }
}

function read({ categories, failed }) {
  lines = categories.flatMap(({ label, columns }) => Object.entries(columns).map(([column, sums]) =>
    ({ category: label, column, mean: null, sum: null, count: null, ...sums })));
  message.replaceChildren(...failed.map(({ label, op, message: why }) =>
    sentence(`${label} is left out: ${op ? op + ": " : ""}${why}`, "warning")));
}
