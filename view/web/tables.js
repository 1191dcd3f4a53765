// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Tables: what any analysis says of a recording.
import * as api from "./api.js";
import * as app from "./app.js";
import { gridColumns } from "./columns.js";
import { provide } from "./commands.js";
import { button, dialog, element, save, sentence, visible } from "./dom.js";
import { Grid } from "./grid.js";
import { npz } from "./npz.js";
import { QueryBox } from "./query.js";
import * as state from "./state.js";

export const title = "Tables";
export const root = element("div.view", { id: "tables" });

const latest = new api.Latest();
let analyses = null, table = null, columns = [], loadedAs = "", shownOf = "";

const analysis = element("select", { id: "analysis",
  onchange: () => state.change({ analysis: analysis.value, table: null, sort: null, columns: null,
    filter: null, set: null }) });
const which = element("select", { id: "table", onchange: () => state.change({ table: which.value,
  sort: null, columns: null, filter: null }) });

// What an analysis can be told to look at.
const PARAMETERS = ["window", "comm", "pid", "cpu"];
const HINTS = {
  window: ["Window", "0.5:1.5", "seconds since the begin, or @NS on the trace clock"],
  comm: ["Task", "cc*", "a name or a shell pattern"],
  pid: ["Pid", "17,42", "numbers with commas between"],
  cpu: ["CPU", "0,2", "numbers with commas between"],
};
const inputs = {};
for (const name of PARAMETERS) {
  const [, placeholder, about] = HINTS[name];
  inputs[name] = element("input", { type: "text", id: "tables-" + name, size: 9, placeholder,
    title: about, spellcheck: false,
    onchange: () => state.change({ [name]: inputs[name].value.trim() }),
    onkeydown: event => {
      if (event.key === "Escape")
        inputs[name].blur();
    } });
}

// Parameters of the chosen analysis itself, by number inputs within their ranges.
const own = element("span.group", { role: "group", "aria-label": "Parameters" });

function ownParameters(chosen) {
  const set = new Map(state.list(state.get("set")).map(word => word.split("=")));
  own.replaceChildren(...(chosen.parameters || []).map(({ name, about, usual, least, most }) => {
    const input = element("input", { type: "number", id: "tables-set-" + name, min: least, max: most,
      placeholder: usual, value: set.get(name) || "", title: `${about}: ${least} to ${most}`,
      onchange: () => state.change({ set: input.value && `${name}=${input.value}` }) });
    return element("label", null, visible(name) + " ", input);
  }));
}

const filter = new QueryBox({ label: "Filter", id: "tables-filter",
  placeholder: "on_cpu_ns > 5e6 and comm =~ 'cc*'",
  names: () => (table?.columns || []).map(({ name, about }) => ({ name, about })),
  onEnter: text => state.change({ filter: text }) });
const about = element("div.about");
const message = element("div.notes");
let grid = null;
const place = element("div.view");

root.append(
  element("div.tools", null, element("label", null, "Analysis ", analysis),
    element("label", null, "Table ", which),
    ...PARAMETERS.map(name => element("label", null, HINTS[name][0] + " ", inputs[name])),
    own, filter.root, element("span.group", { role: "group", "aria-label": "Download" },
      button("CSV", () => download("csv")), button("JSON", () => download("json")),
      button("npz", () => downloadShown(), { title: "What is shown, for numpy" })),
    button("Picture…", () => picture())),
  filter.error, about, message, place);

export function show() {
  grid?.use();
  return update();
}

export function hide() {
  latest.stop();
}

export function forget() {
  loadedAs = "";
}

export function search() {
  filter.focus();
}

function problem(error) {
  if (error instanceof api.Dropped && !error.cancelled)
    return;
  if (error instanceof api.Refused && error.at !== undefined) {
    filter.show(error);
    return;
  }
  message.replaceChildren(element("div", { role: "alert" },
    sentence(error.message, error instanceof api.Dropped ? "warning" : "error"),
    button("Try again", () => {
      loadedAs = "";
      update();
    })));
}

function choices() {
  const name = state.get("analysis") || "tasks";
  const chosen = analyses.find(a => a.name === name) || analyses[0];
  if (analysis.children.length !== analyses.length)
    analysis.replaceChildren(...analyses.map(a => element("option",
      { value: a.name, title: a.summary }, visible(a.name))));
  analysis.value = chosen.name;
  which.replaceChildren(...chosen.tables.map(t => element("option",
    { value: t.name, title: t.about }, visible(t.name))));
  const first = chosen.tables.find(t => t.shown) || chosen.tables[0];
  const shown = chosen.tables.find(t => t.name === state.get("table")) || first;
  which.value = shown.name;
  about.textContent = visible(shown.about || chosen.summary);
  ownParameters(chosen);
  return { analysis: chosen.name, table: shown.name };
}

function asked(recording, chosen) {
  const words = { recording: recording.id, ...chosen, filter: state.get("filter"),
    set: state.get("set") };
  for (const name of PARAMETERS)
    words[name] = state.get(name);
  return words;
}

export async function update() {
  const recording = app.chosen();
  for (const name of PARAMETERS)
    inputs[name].value = state.get(name) || "";
  filter.value = state.get("filter");
  if (!recording) {
    place.replaceChildren();
    message.replaceChildren(element("p.empty", null, app.whyNothing()));
    return;
  }
  try {
    analyses ||= await api.json("analyses", {}, { what: "list of analyses" });
    const words = asked(recording, choices()), now = JSON.stringify(words);
    const of = JSON.stringify([words.recording, words.analysis, words.table]);
    // Nothing of another table stands there meanwhile.
    place.hidden = of !== shownOf;
    if (now !== loadedAs) {
      filter.show(null);
      message.replaceChildren();
      root.dataset.loaded = "";
      const opened = await app.open(recording);
      const answer = await api.table("table", words, { latest,
        what: `${words.table} of ${recording.name}` });
      take(answer, opened);
      loadedAs = now;
    }
    // Not if it is there: what is put anew loses the focus.
    if (!grid.root.isConnected)
      place.replaceChildren(grid.root);
    grid.set(columns, table.rows, { sort: state.get("sort"), chosen: state.get("columns"),
      own: table.order });
    root.dataset.loaded = loadedAs;
    shownOf = of;
    place.hidden = false;
  } catch (error) {
    problem(error);
  }
}

function take(answer, opened) {
  const name = answer.analysis + "." + answer.table;
  if (!grid || grid.key !== name) {
    grid = new Grid({ label: answer.table, key: name,
      empty: state.get("filter") ? "No row fulfils this." : "No row.",
      onSort: sort => state.change({ sort }), onColumns: list => state.change({ columns: list }) });
  }
  table = answer;
  grid.empty = state.get("filter") ? "No row fulfils this." : "No row.";
  columns = gridColumns(answer, opened);
  grid.use();
  message.replaceChildren(...(answer.notes || []).map(note => sentence(note, "warning")));
}

async function download(format) {
  const recording = app.chosen();
  if (!recording || !analyses)
    return;
  const words = asked(recording, choices());
  try {
    const blob = await api.blob("table/file", { ...words, format },
      { what: `${words.table} of ${recording.name} as ${format.toUpperCase()}` });
    save(blob, `${recording.name.replace(/\.\w+$/, "")}-${words.table}.${format}`);
  } catch (error) {
    problem(error);
  }
}

// The rows and columns that are shown, as they stand.
function downloadShown() {
  if (!grid || !table)
    return;
  const shown = new Set(grid.shown), rows = grid.order;
  const arrays = table.columns.filter(column => shown.has(column.name)).map(column =>
    ({ name: column.name, rows: rows.length, ...column.values.array(rows) }));
  save(npz(arrays), `${app.chosen().name.replace(/\.\w+$/, "")}-${table.table}.npz`);
}

// As schedreport --plot draws it; the image is the server's own.
async function picture() {
  const recording = app.chosen();
  if (!recording || !analyses)
    return;
  const words = asked(recording, choices()), of = `${words.table} of ${recording.name}`;
  const get = format => api.blob("table/picture", { ...words, format },
    { what: `picture of ${of} as ${format.toUpperCase()}` });
  try {
    const address = URL.createObjectURL(await get("svg"));
    const down = format => button(format.toUpperCase(), async () => {
      try {
        save(await get(format), `${recording.name.replace(/\.\w+$/, "")}-${words.table}.${format}`);
      } catch (error) {
        problem(error);
      }
    });
    const made = dialog(visible(of), "picture", [element("div.paper",
      { tabIndex: 0, role: "region", "aria-label": "Picture" },
      element("img", { src: address, alt: visible(of) }))],
      [...["svg", "png", "pdf"].map(down),
        button("Close", () => made.close(), { className: "main" })]);
    made.addEventListener("close", () => URL.revokeObjectURL(address));
  } catch (error) {
    problem(error);
  }
}

provide({
  "tables.picture": () => picture(),
  "tables.npz": () => downloadShown(),
  "tables.csv": () => download("csv"),
  "tables.json": () => download("json"),
});
