// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Timeline: who ran, who waited and why. Everything that is shown follows from the
// address; a gesture changes the lanes at once and the address when it ends.
import * as api from "./api.js";
import * as app from "./app.js";
import { provide, run } from "./commands.js";
import { button, dialog, element, kept, say, sentence, visible } from "./dom.js";
import * as state from "./state.js";
import { FIRST_SPECIAL, MODES, swatch } from "./timeline_colours.js";
import { duration } from "./timeline_details.js";
import { Beside } from "./timeline_beside.js";
import { Drawer } from "./timeline_drawer.js";
import { arrowsOf } from "./timeline_over.js";
import { forget as forgetLanes, Pane } from "./timeline_pane.js";
import { numbers } from "./timeline_rows.js";
import { SearchBox, understand } from "./timeline_search.js";
import { isPinned, lacks, markers, notesOf, pair, shareText } from "./timeline_words.js";

const SETTLED = 160;   // ms until a gesture is over
const ONE_STEP = 900;  // ms within which gestures are one step of the history

export const title = "Timeline";
export const root = element("div.view", { id: "timeline" });

const listeners = { onWindow, onPoint, onClick, onDouble, onArea, onHead, onDrawn,
  onError: (_, error) => problem(error) };
// Two recordings are one below the other; one of them is what commands are about.
const first = new Pane("", listeners), second = new Pane("2", listeners);
const beside = new Beside(first, second, problem);
let pane = first;
let selection = null, shownSelection = "", pointer = null, timer = null, lastStep = 0;
let closed = new Set(), scale = kept.read("timeline.scale") || 1, row = null;

const searchBox = new SearchBox({ onSearch: find, onLeave: () => pane.lanes.scroller.focus(),
  onCommand: () => run("palette") });
const colour = element("select", { id: "timeline-colour",
  onchange: () => state.change({ colour: colour.value === "name" ? null : colour.value }) },
...Object.entries(MODES).map(([value, label]) => element("option", { value }, label)));
const cpus = filterBox("timeline-cpus", "cpus", "0,2-5", 7, text => numbers(text) !== null);
const tasks = filterBox("timeline-tasks", "tasks", "name or pid", 10, () => true);
const ran = element("input", { type: "checkbox", id: "timeline-ran",
  onchange: () => state.change({ ran: ran.checked ? 1 : null }) });
const message = element("div.notes");
const reading = element("div.reading", { role: "status", "aria-live": "off" });
const legend = element("div.lanes-legend");
const drawer = new Drawer({ go, onEvent, selection: () => selection });
const stage = element("div.timeline", { hidden: true }, first.root, second.root, legend, reading,
  drawer.root);

function filterBox(id, word, placeholder, size, isValid) {
  const box = element("input", { type: "text", id, placeholder, size, spellcheck: false,
    oninput: () => box.setAttribute("aria-invalid", !isValid(box.value)),
    onchange: () => state.change({ [word]: box.value.trim() }),
    onkeydown: event => {
      if (event.key === "Escape")
        box.blur();
    } });
  return box;
}

root.append(
  element("div.tools", null, searchBox.root,
    element("label", null, "CPUs by ", colour), element("label", null, "CPUs ", cpus),
    element("label", null, "Tasks ", tasks),
    element("label", { title: "Without tasks that never ran" }, ran, "only that ran"),
    element("span.group", null,
      button("All", () => all(), { title: "All of it (0)" }),
      button("◀", () => history.back(), { "aria-label": "One step back" }),
      button("▶", () => history.forward(), { "aria-label": "One step forward" })),
    element("span.group", null,
      button("Events", () => drawer.toggle("events"), { title: "Events around a time (e)" }))),
  beside.root, message, stage);

// ---- what is shown

export function show() {
  return update();
}

export function hide() {
  for (const each of [first, second])
    each.latest.stop();
}

export function search() {
  searchBox.focus();
}

export function forget() {
  forgetLanes();
}

export function themed() {
  if (first.model && root.isConnected)
    update();
}

function problem(error) {
  if (error instanceof api.Dropped && !error.cancelled)
    return;
  message.replaceChildren(element("div", { role: "alert" },
    sentence(error.message, error instanceof api.Dropped ? "warning" : "error"),
    button("Try again", () => update())));
}

function windowOf() {
  const window = pair("x");
  return window ? { x0: Math.round(window.begin), x1: Math.round(window.end) }
    : { x0: 0, x1: first.model.length };
}

function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

export async function update() {
  const recording = app.chosen();
  stage.hidden = !recording || !first.model || first.recording !== recording;
  colour.value = state.get("colour") || "name";
  cpus.value = state.get("cpus") || "";
  tasks.value = state.get("tasks") || "";
  ran.checked = state.get("ran") === "1";
  if (!recording) {
    message.replaceChildren(element("p.empty", null, app.whyNothing()));
    return;
  }
  try {
    if (!await first.open(recording) || !await beside.open(recording))
      return;
    stage.hidden = false;
    pane = beside.isShown && state.get("of") === "2" ? second : first;
    message.replaceChildren(...beside.panes.flatMap(({ model }) => lacks(model)).map(text =>
      sentence(text, "warning")));
    closed = new Set(state.list(state.get("closed")));
    for (const each of beside.panes)
      each.show(windowOf(), { closed, dark: isDark(), scale });
    drawLegend();
    await select();
  } catch (error) {
    problem(error);
  }
}

function drawLegend() {
  const { painter } = pane.lanes;
  legend.replaceChildren(...painter.legend(pane.model.states).map(({ label, paint }) => {
    const canvas = element("canvas.swatch", { width: 14, height: 14, "aria-hidden": "true" });
    swatch(canvas, paint);
    return element("span", null, canvas, " " + label);
  }));
}

function onDrawn(of, isWhole) {
  root.dataset.took = of.lanes.took.toFixed(1);
  if (isWhole)
    root.dataset.loaded = first.lanes.root.dataset.drawn;
}

// ---- the selection

// more: of the recording that is selected from.
function over(more = {}) {
  for (const each of beside.panes) {
    const { lanes } = each, own = list => list.map(({ time, ...rest }) =>
      ({ time: each.own(time), ...rest }));
    Object.assign(lanes.shown,
      { area: areaOf(each), markers: own(markers()), notes: own(notesOf()) },
      each === pane ? more : { selected: null, arrows: null, lane: null });
    lanes.drawOver();
  }
  read(pane, null);
}

// The area, in the recording's own time.
function areaOf(of) {
  const area = pair("area");
  return area && { begin: of.own(area.begin), end: of.own(area.end) };
}

// Makes the lanes and the drawer show what the address says is selected.
async function select() {
  const lane = state.get("lane"), at = Number(state.get("at"));
  const now = lane ? `${lane} ${at} ${pane.name}${pane.recording.id}` : "";
  const [upper, lower] = lane ? pane.keysOf(lane) : [row?.key];
  over({ lane: lower && !(pane === first && isPinned(lane)) ? lower : upper });
  if (now !== shownSelection) {
    selection = lane ? await pane.model.span(lane, at, pane.latest) : null;
    shownSelection = now;
    if (selection)
      selection = { ...selection, lane, at, model: pane.model };
  }
  const of = selection?.of_task;
  over({ selected: frames(), arrows: of ? await arrowsOf(pane, of) : null });
  drawer.update({ pane, selection, time: reference(),
    areas: pair("area") && beside.panes.map(of => ({ of, ...areaOf(of) })) });
  root.dataset.selected = selection ? now : "";
  pane.lanes.draw();
}

// Where the span that is selected is drawn: in the lane of its task, and of its CPU.
function frames() {
  const of = selection?.of_task, span = of?.span || selection?.span;
  if (!span)
    return null;
  const keys = of ? pane.keysOf("t" + of.task) : pane.keysOf(selection.lane);
  if (of && of.span.detail !== null && of.span.what === 0)
    keys.push("c" + of.span.detail);
  return { keys, begin: span.begin, end: span.end };
}

// The time that commands are about: of the pointer, the selection, or the middle.
function reference() {
  const { x0, x1 } = pane.lanes.window;
  return pointer && pointer.of === pane && pointer.time >= x0 && pointer.time <= x1 ? pointer.time
    : selection ? selection.at : (x0 + x1) / 2;
}

// Selects what a lane has at a time, and has it seen.
function go(lane, at) {
  const { x0, x1 } = pane.lanes.window, words = { lane, at: Math.floor(at) };
  if (at < x0 || at >= x1) {
    const half = (x1 - x0) / 2;
    words.x = [at - half, at + half].map(time => Math.round(pane.common(time))).join();
  }
  pointer = null;
  state.change(words);
  pane.keysOf(lane).some(key => pane.lanes.reveal(key));
}

// ---- by pointer

function onWindow(of, window, why) {
  clearTimeout(timer);
  beside.follow(of, window);
  over();
  if (why === "move") {
    timer = setTimeout(commit, SETTLED);
    return;
  }
  lastStep = why === "step" ? 0 : lastStep;
  commit();
}

function commit() {
  const { x0, x1 } = first.lanes.window, now = performance.now();
  const x = x0 === 0 && x1 === first.model.length ? null : `${x0},${x1}`;
  state.change({ x, shift: second.offset || null }, { replace: now - lastStep < ONE_STEP });
  lastStep = now;
}

function onPoint(of, place) {
  pointer = place && place.x >= 0 ? { ...place, of } : null;
  for (const each of beside.panes) {
    each.lanes.shown.pointer = place;
    each.lanes.drawOver();
  }
  read(of, place);
}

// The line of what is under the pointer, and the distance of the markers.
function read(of, place) {
  const parts = [], [a, b] = ["a", "b"].map(name => state.get(name));
  if (place) {
    parts.push(duration(Math.round(place.time)), `${Math.round(place.time)} ns`);
    if (place.row && place.row.kind !== "head")
      parts.push(place.row.label);
    if (place.entries.length)
      parts.push(shareText(of, place));
    if (place.queue !== undefined && place.queue < FIRST_SPECIAL)
      parts.push(`${place.queue} runnable`);
  }
  reading.replaceChildren(...parts.map(text => element("span.data", null, visible(text))),
    element("span.space"));
  if (a !== null && b !== null)
    reading.append(element("strong", { id: "delta" },
      `B − A: ${duration(Number(b) - Number(a))}`));
}

function onClick(of, place) {
  if (place.x < 170 && place.row) {
    if (place.row.kind === "head")
      onHead(of, place.row);
    else if (place.row.kind === "task" && of === first)
      pin(place.row.task);
  } else if (place.lane) {
    state.change({ lane: place.lane, at: Math.floor(place.time), area: null,
      of: of === second ? 2 : null });
  }
}

async function onDouble(of, place) {
  if (place.lane) {
    await select();
    fit();
  }
}

function onArea(of, begin, end, ended) {
  of.lanes.shown.area = { begin, end };
  of.lanes.drawOver();
  if (ended && end - begin >= 1)
    state.change({ area: [begin, end].map(time => Math.round(of.common(time))).join() });
}

function onHead(of, head) {
  if (closed.has(head.key))
    closed.delete(head.key);
  else
    closed.add(head.key);
  state.change({ closed: state.listed([...closed]) }, { replace: true });
}

// ---- by key

function all() {
  first.lanes.go({ x0: 0, x1: first.model.length }, "step");
}

function fit() {
  const span = areaOf(pane) || frames();
  if (!span)
    return;
  const room = Math.max(1, (span.end - span.begin) * 0.1);
  pane.lanes.go({ x0: span.begin - room, x1: span.end + room }, "step");
}

function toEdge(end) {
  const { x0, x1 } = pane.lanes.window, length = x1 - x0;
  const from = end ? pane.model.length - length : 0;
  pane.lanes.go({ x0: from, x1: from + length }, "step");
}

// The lane above or below, of those that are not headings.
function moveLane(by) {
  const rows = pane.lanes.rows.filter(r => r.kind !== "head");
  const now = rows.findIndex(r => r.key === pane.lanes.shown.lane);
  row = rows[Math.max(0, Math.min(rows.length - 1, now < 0 ? 0 : now + by))] || null;
  if (!row)
    return;
  pane.lanes.shown.lane = row.key;
  pane.lanes.reveal(row.key);
  pane.lanes.draw();
  say(row.label);
}

function selectHere() {
  const here = pane.lanes.rows.find(r => r.key === pane.lanes.shown.lane);
  if (here?.lanes.length)
    state.change({ lane: here.lanes[0], at: Math.floor(reference()), area: null });
}

function step(after) {
  const lane = state.get("lane"), next = selection?.[after ? "after" : "before"];
  if (next)
    go(lane, after ? next.begin : next.end - 1);
  else
    say("no more there");
}

// On along the wakeups: from a run to whom it woke, from a wait to the run that ends it; back
// likewise.
function flow(on) {
  const of = selection?.of_task;
  if (!of)
    return;
  const lane = "t" + of.task, isRunning = of.span.what === 0;
  if (on && isRunning && of.woke.length)
    go("t" + of.woke[0].task, of.woke[0].at + 1);
  else if (on && of.after)
    go(lane, of.after.begin);
  else if (!on && isRunning && of.wait)
    go(lane, of.wait.begin);
  else if (!on && of.waker && of.waker.task !== null)
    go("t" + of.waker.task, of.waker.at);
  else if (!on && of.before)
    go(lane, of.before.begin);
  else
    say("nothing more there");
}

function mark() {
  const span = frames();
  if (span && !pointer) {
    state.change({ a: pane.common(span.begin), b: pane.common(span.end) });
    return;
  }
  if (pointer?.of === second) {
    state.change({ a2: Math.round(pointer.time) });
    say("marked in the second recording: align by the markers");
    return;
  }
  const time = Math.round(pane.common(reference()));
  if (state.get("a") === null || state.get("b") !== null)
    state.change({ a: time, b: null });
  else
    state.change({ b: time });
}

function addNote() {
  const time = Math.round(pane.common(reference()));
  const input = element("input", { type: "text", size: 40, "aria-label": "Note" });
  const take = () => {
    made.close();
    state.change({ notes: state.listed([...state.list(state.get("notes")),
      `${time}:${input.value}`]) });
  };
  input.onkeydown = event => {
    if (event.key === "Enter")
      take();
  };
  const made = dialog("Note at " + duration(time), "note", [input],
    [button("Add", take, { className: "main" })]);
  input.focus();
}

function swap() {
  const [a, b] = markers(), { x0, x1 } = first.lanes.window, half = (x1 - x0) / 2;
  const middle = (x0 + x1) / 2;
  const to = a && Math.abs(a.time - middle) > 1 ? a : b || a;
  if (to)
    first.lanes.go({ x0: to.time - half, x1: to.time + half }, "step");
}

function pin(task) {
  const pins = state.list(state.get("pin")), word = String(task);
  state.change({ pin: state.listed(pins.includes(word) ? pins.filter(p => p !== word)
    : [...pins, word]) });
}

function pinSelected() {
  const task = selection?.of_task?.task ?? pane.lanes.rows.find(r =>
    r.key === pane.lanes.shown.lane)?.task;
  if (task !== undefined)
    pin(task);
}

function rescale(factor) {
  scale = Math.max(0.6, Math.min(4, scale * factor));
  kept.write("timeline.scale", scale);
  update();
}

async function stepEvent(backwards) {
  const { model } = pane, query = drawer.condition(model, state.get("lane"));
  const from = row?.event ?? null;
  const place = from === null ? { at: Math.floor(reference()) + (backwards ? 0 : 1) }
    : { row: backwards ? from : from + 1 };
  const found = await model.findRows({ ...place, query, count: 1, before: backwards ? 1 : null });
  if (found.row.length)
    onEvent(found.timestamp[0], found.row[0], found.cpu[0]);
  else
    say("no more events there");
}

// An event was chosen in the list, or found.
function onEvent(time, number, cpu) {
  row = { ...row, event: number, key: row?.key };
  over({ found: time });
  const { x0, x1 } = pane.lanes.window, half = (x1 - x0) / 2;
  if (time < x0 || time > x1)
    pane.lanes.go({ x0: time - half, x1: time + half }, "step");
  const lane = state.get("lane") || "c" + cpu;
  state.change({ lane, at: time }, { replace: true });
  drawer.showEvent(pane, lane, time, number);
}

let found = null;

async function find(text, backwards) {
  const { model } = pane, meant = understand(model, text);
  if (meant.error !== undefined || !text.trim()) {
    searchBox.say(meant.error || "", true);
    return;
  }
  if (meant.time !== undefined) {
    const { x0, x1 } = pane.lanes.window, half = (x1 - x0) / 2;
    over({ found: meant.time });
    pane.lanes.go({ x0: meant.time - half, x1: meant.time + half }, "step");
    searchBox.say(duration(meant.time));
  } else if (meant.query === undefined) {
    go(meant.lane, reference());
    searchBox.say(`CPU ${meant.lane.slice(1)}`);
  } else {
    await findRow(meant, text, backwards);
  }
}

async function findRow(meant, text, backwards) {
  const { model } = pane;
  if (found?.text !== text)
    found = { text, row: null };
  const place = found.row === null ? { at: Math.floor(pane.lanes.window.x0) }
    : { row: backwards ? found.row : found.row + 1 };
  try {
    const rows = await model.findRows({ ...place, query: meant.query, count: 1,
      before: backwards && found.row !== null ? 1 : null });
    if (!rows.row.length) {
      searchBox.say(`${meant.says}: no ${found.row === null ? "" : "more "}in this direction`);
      return;
    }
    found.row = rows.row[0];
    const [time, cpu] = [rows.timestamp[0], rows.cpu[0]];
    over({ found: time });
    searchBox.say(`${meant.says}: at ${duration(time)}`);
    // A switch to a task: what it does from then on.
    const task = meant.lane && model.byPid.get(rows.arg0[0])?.findLast(n =>
      model.tasks.begin[n] <= time);
    go(task === undefined ? "c" + cpu : "t" + task, time);
  } catch (error) {
    searchBox.say(error.message, true);
  }
}

function nextColour() {
  const modes = Object.keys(MODES), now = modes.indexOf(state.get("colour") || "name");
  const next = modes[(now + 1) % modes.length];
  state.change({ colour: next === "name" ? null : next });
  say("CPUs by " + MODES[next]);
}


const lanesDo = f => () => pane.lanes.window && f();
const zoom = factor => (pointer?.of || pane).lanes.zoom(factor, pointer?.time);

provide({
  "timeline.in": lanesDo(() => zoom(2 / 3)),
  "timeline.out": lanesDo(() => zoom(3 / 2)),
  "timeline.left": lanesDo(() => (pointer?.of || pane).lanes.pan(-0.2)),
  "timeline.right": lanesDo(() => (pointer?.of || pane).lanes.pan(0.2)),
  "timeline.up": lanesDo(() => moveLane(-1)),
  "timeline.down": lanesDo(() => moveLane(1)),
  "timeline.begin": lanesDo(() => toEdge(false)),
  "timeline.end": lanesDo(() => toEdge(true)),
  "timeline.all": lanesDo(all),
  "timeline.fit": lanesDo(fit),
  "timeline.select": lanesDo(selectHere),
  "timeline.next": () => step(true),
  "timeline.previous": () => step(false),
  "timeline.flow-next": () => flow(true),
  "timeline.flow-previous": () => flow(false),
  "timeline.event-next": lanesDo(() => stepEvent(false)),
  "timeline.event-previous": lanesDo(() => stepEvent(true)),
  "timeline.mark": lanesDo(mark),
  "timeline.note": lanesDo(addNote),
  "timeline.swap": lanesDo(swap),
  "timeline.remove": () => state.change({ a: null, b: null, notes: null }),
  "timeline.area": () => {
    const span = frames();
    if (span)
      state.change({ area: [span.begin, span.end].map(time => pane.common(time)).join() });
  },
  "timeline.area-all": lanesDo(() => state.change({ area:
    [first.lanes.window.x0, first.lanes.window.x1].join() })),
  "timeline.clear": () => {
    run("cancel");
    over({ found: null });
    state.change({ lane: null, at: null, area: null, of: null });
  },
  "timeline.pin": pinSelected,
  "timeline.colour": nextColour,
  "timeline.drawer": () => drawer.toggle(),
  "timeline.events": () => drawer.toggle("events"),
  "timeline.copy": () => drawer.copy(),
  "timeline.find-lane": () => tasks.focus(),
  "timeline.taller": lanesDo(() => rescale(1.25)),
  "timeline.lower": lanesDo(() => rescale(0.8)),
  "timeline.back": () => history.back(),
  "timeline.forward": () => history.forward(),
  "timeline.sync": () => beside.toggle(),
  "timeline.raw": () => state.change({ raw: state.get("raw") === "1" ? null : 1 },
    { replace: true }),
});
