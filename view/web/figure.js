// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Figure: a recording drawn by an instruction file. Everything that is shown follows from
// the address; a gesture changes the plot at once and the address when it ends.
import * as api from "./api.js";
import * as app from "./app.js";
import { timeText, valueText } from "./axes.js";
import { provide } from "./commands.js";
import { button, element, grouped, kept, save, say, sentence, visible } from "./dom.js";
import { Instructions } from "./instructions.js";
import { Legend } from "./legend.js";
import { Plot } from "./plot.js";
import { QueryBox } from "./query.js";
import * as state from "./state.js";

const BETWEEN = 50;    // ms between pictures while something moves
const SETTLED = 160;   // ms until a gesture is over
const ONE_STEP = 900;  // ms within which gestures are one step of the history
const REST = 90;       // ms until the pointer rests
const NEAR = 3;        // pixels from the pointer within which rows are listed
const LARGE = 40e6;    // bytes of a recording from which on a first look comes before the figure

export const title = "Figure";
export const root = element("div.view", { id: "figure" });

const pictures = new api.Latest(), figures = new api.Latest(), rows = new api.Latest();
const looks = new api.Latest();
let recording = null, figure = null, drawn = "", loadedAs = "", held = false;
let isAutomatic = kept.read("automatic") !== false;
let timers = {}, lastStep = 0, columns = [], coming = null;

const files = new Instructions(name => state.change({ instructions: name, x: null, y: null,
  off: null }));
const query = new QueryBox({ label: "Query", id: "query", placeholder: "cpu == 0 and comm =~ 'cc*'",
  names: () => columns.map(name => ({ name, about: "" })),
  onEnter: text => state.change({ query: text }) });
const plot = new Plot({ onWindow, onPoint, onClick: () => hold() });
const legend = new Legend(off =>
  state.change({ off: state.listed([...off].sort((a, b) => a - b)) }));

const automatic = element("input", { type: "checkbox", id: "automatic",
  onchange: () => setAutomatic(automatic.checked) });
const draw = button("Draw", () => request(true), { className: "main" });
const height = element("input", { type: "number", min: 160, max: 8000, step: 20,
  placeholder: "fits", id: "height", onchange: () => state.change({ height: height.value }) });
const message = element("div.notes");
const reading = element("div.reading", { role: "status", "aria-live": "off" });
const hits = element("div.hits", { tabIndex: 0, role: "region",
  "aria-label": "Rows at the pointer" });
const downloads = ["png", "svg", "pdf"].map(format =>
  button(format.toUpperCase(), () => download(format),
    { title: "Download the figure as " + format.toUpperCase() }));

const stage = element("div.figure", { hidden: true },
  element("div.figure-main", null, plot.root, reading, hits), legend.root);
root.append(
  element("div.tools", null, ...files.elements,
    query.root,
    element("label", { title: "A new picture whenever the window changes (u)" }, automatic,
      "Update by itself"), draw,
    element("span.group", null, button("All", () => plot.all(), { title: "All of it (0)" }),
      button("◀", () => history.back(), { "aria-label": "One step back" }),
      button("▶", () => history.forward(), { "aria-label": "One step forward" })),
    element("label", null, "Height ", height),
    element("span.group", { role: "group", "aria-label": "Download" }, ...downloads)),
  query.error, message, stage);

function setAutomatic(on) {
  isAutomatic = on;
  kept.write("automatic", on);
  automatic.checked = on;
  draw.hidden = on;
  say(on ? "updates by itself" : "updates when told to");
  if (on)
    request();
}

// What the server is asked for, but for window and size.
function params() {
  return { recording: recording.id, instructions: files.name, query: state.get("query", "figure") };
}

// Is the figure that of the address? It is not after a condition that was refused.
function isLoaded() {
  return !!figure && !!recording && JSON.stringify(params()) === loadedAs;
}

function whole() {
  const { x, y } = figure, most = (axis, share) => {
    const room = (axis.end - axis.begin) * share;
    return axis.end > axis.begin ? [axis.begin - room, axis.end + room]
      : [axis.begin - 1, axis.end + 1];
  };
  const [x0, x1] = most(x, x.time ? 0 : 0.02), [y0, y1] = most(y, 0.04);
  return rounded({ x0, x1, y0, y1 });
}

function windowOf() {
  const window = whole();
  for (const axis of ["x", "y"]) {
    const [begin, end] = (state.get(axis, "figure") || "").split(",").map(Number);
    if (end > begin && Number.isFinite(end - begin))
      [window[axis + "0"], window[axis + "1"]] = [begin, end];
  }
  return window;
}

function off() {
  return new Set(state.list(state.get("off", "figure")).map(Number)
    .filter(n => Number.isInteger(n) && n >= 0));
}

export function show() {
  automatic.checked = isAutomatic;
  draw.hidden = isAutomatic;
  return update();
}

export function hide() {
  for (const latest of [pictures, figures, rows, looks])
    latest.stop();
  coming = null;
  for (const timer of Object.values(timers))
    clearTimeout(timer);
  drawn = "";
}

// The server is to be asked again for all of it.
export function forget() {
  loadedAs = drawn = "";
}

export function search() {
  query.focus();
}

function problem(error) {
  if (error instanceof api.Dropped && !error.cancelled)
    return;
  if (error instanceof api.Refused && error.at !== undefined) {
    query.show(error);
    return;
  }
  message.replaceChildren(element("div", { role: "alert" },
    sentence(error.message, error instanceof api.Dropped ? "warning" : "error"),
    button("Try again", () => {
      loadedAs = drawn = "";
      update();
    })));
}

export async function update() {
  recording = app.chosen();
  height.value = state.get("height") || "";
  const set = Number(state.get("height"));
  plot.root.style.minHeight = set >= 160 ? Math.min(set, 8000) + "px" : "";
  query.value = state.get("query");
  if (!recording) {
    message.replaceChildren(element("p.empty", null, app.whyNothing()));
    stage.hidden = true;
    return;
  }
  // Nothing of another recording stands there meanwhile.
  stage.hidden = !loadedAs || JSON.parse(loadedAs).recording !== recording.id;
  try {
    await load();
  } catch (error) {
    if (!(error instanceof api.Dropped))
      stage.hidden = !loadedAs || !sameButQuery(loadedAs, JSON.stringify(params()));
    problem(error);
    return;
  }
  if (!figure || state.view() !== "figure")
    return;
  stage.hidden = false;
  legend.set(figure.categories, off());
  plot.show(windowOf());
  request();
}

async function load() {
  const of = recording;
  await files.fill(of);
  if (of !== recording)
    throw new api.Dropped(false);
  const now = JSON.stringify(params());
  if (now === loadedAs)
    return;
  // A window that moves meanwhile asks for the same again.
  if (coming?.as !== now) {
    query.show(null);
    message.replaceChildren();
    coming = { as: now, answer: ask(now, of) };
  }
  const mine = coming;
  try {
    const answer = await mine.answer;
    if (coming === mine)
      take(answer, now);
  } finally {
    if (coming === mine)
      coming = null;
  }
  learn(of);
}

function ask(now, of) {
  const options = { what: `${files.name} of ${of.name}` };
  if (of.bytes > LARGE)
    look(now, options.what);
  return api.json("figure", params(), { ...options, latest: figures });
}

// What a condition may name.
async function learn(of) {
  try {
    columns = (await app.open(of)).columns || [];
  } catch {
    columns = []; // Whoever shows the recording says why.
  }
}

// A first look, of a few rows of every part; where there is none the figure itself is soon there.
async function look(now, what) {
  try {
    const answer = await api.json("figure", { ...params(), coarse: 1 },
      { latest: looks, what: "a first look at " + what, quiet: true });
    if (coming?.as !== now)
      return;
    figure = answer;
    loadedAs = drawn = "";
    plot.set(figure, whole());
    stage.hidden = false;
    legend.set(figure.categories.map(category => ({ ...category, rows: null })), off());
    hits.replaceChildren(sentence("This is a first look, of some rows of every part of the " +
      "recording. The exact figure takes its place."));
    plot.show(windowOf());
    request();
  } catch {
    // The figure comes anyway.
  }
}

function take(answer, now) {
  const before = figure?.coarse ? now : loadedAs;
  const keeps = figure && before && sameButQuery(before, now);
  looks.stop();
  figure = answer;
  loadedAs = now;
  drawn = "";
  hits.replaceChildren(element("p.sentence.quiet", null,
    "The rows under the pointer, or the cross, are listed here."));
  if (keeps)
    plot.axes = { x: figure.x, y: figure.y };
  else
    plot.set(figure, whole());
  plot.whole = whole();
  message.replaceChildren();
  if (!figure.rows)
    message.replaceChildren(sentence("No row fulfils this: there is nothing to draw.", "warning"));
}

function sameButQuery(a, b) {
  const [left, right] = [a, b].map(text => ({ ...JSON.parse(text), query: null }));
  return JSON.stringify(left) === JSON.stringify(right);
}

// The picture of the window that is shown, unless it is there or on its way.
async function request(told = false) {
  clearTimeout(timers.between);
  const coarse = figure?.coarse && coming ? figure.coarse : 0;
  if (!(isLoaded() || coarse) || !plot.window || (!told && !isAutomatic))
    return;
  const window = { ...plot.window };
  const asked = { ...params(), ...window, ...plot.pixels, off: state.get("off", "figure") };
  if (coarse)
    Object.assign(asked, { coarse: 1, width: Math.min(asked.width, coarse) });
  const now = JSON.stringify(asked);
  if (now === drawn)
    return;
  drawn = now;
  root.dataset.drawn = "";
  try {
    const blob = await api.blob("figure/pixels", asked, { latest: pictures,
      what: "picture of " + recording.name });
    plot.give(await createImageBitmap(blob), window);
    root.dataset[coarse ? "looked" : "drawn"] = now;
  } catch (error) {
    if (drawn === now)
      drawn = "";
    problem(error);
  }
}

function commit() {
  const { x0, x1, y0, y1 } = plot.window, all = plot.whole;
  const within = performance.now() - lastStep < ONE_STEP;
  const words = {
    x: x0 === all.x0 && x1 === all.x1 ? null : `${x0},${x1}`,
    y: y0 === all.y0 && y1 === all.y1 ? null : `${y0},${y1}`,
  };
  lastStep = performance.now();
  state.change(words, { replace: within && timers.moving });
  timers.moving = null;
}

// To what cannot be seen: an address without idle digits.
function rounded({ x0, x1, y0, y1 }) {
  const to = length => {
    const step = 10 ** (Math.floor(Math.log10(length)) - 6);
    return value => Number((Math.round(value / step) * step).toPrecision(15));
  };
  const x = to(x1 - x0), y = to(y1 - y0);
  return { x0: x(x0), x1: x(x1), y0: y(y0), y1: y(y1) };
}

function onWindow(window, why) {
  clearTimeout(timers.commit);
  if (why === "size") {
    clearTimeout(timers.size);
    timers.size = setTimeout(request, SETTLED);
    return;
  }
  plot.window = rounded(window);
  if (why === "step" || why === "ended") {
    lastStep = why === "step" ? 0 : lastStep;
    commit();
    return;
  }
  timers.moving = true;
  timers.commit = setTimeout(commit, SETTLED);
  if (performance.now() - (timers.last || 0) > BETWEEN) {
    timers.last = performance.now();
    request();
  } else {
    clearTimeout(timers.between);
    timers.between = setTimeout(request, BETWEEN);
  }
}

function hold(on = !held) {
  held = on;
  reading.classList.toggle("held", held);
  say(held ? "held" : "follows the pointer");
  if (!held && plot.cross)
    plot.point(plot.cross.px, plot.cross.py);
  else
    readAt(plot.cross && plot.at(plot.cross.px, plot.cross.py));
}

function readAt(point) {
  if (!point || !figure) {
    reading.replaceChildren(...held ? [element("strong", null, "held (h lets go)")] : []);
    return;
  }
  const { width, height: high } = plot.inner, { x0, x1, y0, y1 } = plot.window;
  const text = (axis, value, resolution) => axis.time ? timeText(value, resolution, plot.raw)
    : valueText(axis, value, resolution);
  const x = text(figure.x, point.x, (x1 - x0) / width);
  const y = text(figure.y, point.y, (y1 - y0) / high);
  const exact = figure.x.time && !plot.raw ? `${grouped(Math.round(point.x))} ns` : "";
  reading.replaceChildren(element("span", null, `${figure.x.name}: ${x}`),
    element("span.quiet", null, exact), element("span", null, `${figure.y.name}: ${y}`),
    ...held ? [element("strong", null, "held (h lets go)")] : []);
}

function onPoint(point) {
  if (held)
    return;
  readAt(point);
  clearTimeout(timers.rest);
  if (!point) {
    rows.stop();
    return;
  }
  timers.rest = setTimeout(() => list(point), REST);
}

async function list({ px, py }) {
  if (!isLoaded())
    return;
  try {
    const size = plot.pixels, { width, height: high } = plot.inner;
    const answer = await api.json("figure/rows", { ...params(), ...plot.window, ...size,
      off: state.get("off", "figure"),
      px: Math.min(size.width - 1, Math.floor(px * size.width / width)),
      py: Math.min(size.height - 1, Math.floor(py * size.height / high)), near: NEAR },
    { latest: rows, what: "rows at the pointer" });
    showRows(answer);
  } catch (error) {
    if (!(error instanceof api.Dropped))
      hits.replaceChildren(sentence(error.message, "error"));
  }
}

// Columns of times are in ns, and say so.
function isTime(name) {
  return figure[name[0]]?.time && /^[xy][01]?$/.test(name);
}

function showRows({ total, columns: names, rows: lines }) {
  const times = names.map(isTime);
  const caption = total > lines.length ? `${grouped(total)} rows, the first ${lines.length}:` : "";
  if (!total) {
    hits.replaceChildren(element("p.sentence.quiet", null, "No row here."));
    return;
  }
  hits.replaceChildren(...caption ? [element("p.sentence.quiet", null, caption)] : [],
    element("table", null,
      element("thead", null, element("tr", null, ...names.map(name =>
        element("th", { scope: "col" }, visible(name) + (isTime(name) ? " (ns)" : ""))))),
      element("tbody", null, ...lines.map(line => element("tr", null, ...line.map((value, n) =>
        element("td", null, value === null ? "–"
          : times[n] ? grouped(value) : visible(value))))))));
}

async function download(format) {
  if (!isLoaded())
    return;
  try {
    const blob = await api.blob("figure/file", { ...params(), ...plot.window, ...plot.pixels,
      off: state.get("off", "figure"), format },
    { what: `figure of ${recording.name} as ${format.toUpperCase()}` });
    save(blob, `${recording.name.replace(/\.\w+$/, "")}-${files.file}.${format}`);
  } catch (error) {
    problem(error);
  }
}

const STEP = 10, FINE = 1;
const cross = (dx, dy) => event => plot.moveCross(dx * (event?.altKey ? FINE : STEP),
  dy * (event?.altKey ? FINE : STEP));

provide({
  "figure.in": () => plot.zoom(1 / 1.5, 1),
  "figure.out": () => plot.zoom(1.5, 1),
  "figure.taller": () => plot.zoom(1, 1 / 1.5),
  "figure.flatter": () => plot.zoom(1, 1.5),
  "figure.left": () => plot.pan(-0.2, 0),
  "figure.right": () => plot.pan(0.2, 0),
  "figure.up": () => plot.pan(0, 0.2),
  "figure.down": () => plot.pan(0, -0.2),
  "figure.begin": () => plot.toEdge(false),
  "figure.end": () => plot.toEdge(true),
  "figure.all": () => plot.all(),
  "figure.back": () => history.back(),
  "figure.forward": () => history.forward(),
  "figure.cross-left": cross(-1, 0),
  "figure.cross-right": cross(1, 0),
  "figure.cross-up": cross(0, -1),
  "figure.cross-down": cross(0, 1),
  "figure.hold": () => hold(),
  "figure.update": () => setAutomatic(!isAutomatic),
  "figure.draw": () => request(true),
  "figure.raw": () => {
    plot.raw = !plot.raw;
    plot.draw();
    readAt(plot.cross && plot.at(plot.cross.px, plot.cross.py));
  },
  "figure.categories": () => state.change({ off: null }),
  "figure.edit": () => files.edit(),
  "figure.upload": () => files.choose(),
  "figure.instructions": () => files.download(),
  "figure.png": () => download("png"),
  "figure.svg": () => download("svg"),
  "figure.pdf": () => download("pdf"),
});

export function themed() {
  plot.draw();
}
