// SPDX-License-Identifier: LGPL-2.1-or-later
// Every command in one table: its keys, the menu of the palette and the help are made of it, and
// docs/view.md is compared with it.
import { dialog, element } from "./dom.js";
import * as state from "./state.js";

const LIVE = ["tasks", "migrations", "memory", "faults", "stacks", "cpus"];
const GRIDS = ["recordings", "tables", "variables", "statistics", "timeline", ...LIVE];

/*
 * where: the views in which it does something, null for all. within: only while an element of that
 * class has the focus. Letters with at: "position" are where they are on a US keyboard, on others
 * too. What a command does is said by provide().
 */
const TABLE = [
  { group: "Everywhere", commands: [
    ["view.recordings", "Recordings", ["1"]],
    ["view.figure", "Figure", ["2"]],
    ["view.tables", "Tables", ["3"]],
    ["view.variables", "Variables", ["4"]],
    ["view.statistics", "Statistics", ["5"]],
    ["view.tasks", "Tasks", ["1"]],
    ["view.migrations", "Migrations", ["2"]],
    ["view.memory", "Memory", ["3"]],
    ["view.faults", "Faults", ["4"]],
    ["view.stacks", "Stacks", ["5"]],
    ["view.cpus", "CPUs", ["7"]],
    ["view.console", "Console", ["6"]],
    ["view.timeline", "Timeline", ["7"]],
    ["palette", "Commands by name", [">", "Ctrl+Shift+P"]],
    ["help", "Help", ["?", "F1"]],
    ["search", "To the query or the filter", ["/"]],
    ["copy-link", "Copy the link to what is shown", ["c"]],
    ["theme", "Light, dark, or as the system has it", ["t"]],
    ["refresh", "Ask the server again", ["r"]],
    ["cancel", "Cancel what takes long", ["Escape"]],
  ] },
  { group: "Running system", where: LIVE, commands: [
    ["live.pause", "Pause what is shown, or go on", ["Z"]],
    ["live.record", "Stop or start recording", ["R"]],
    ["live.faster", "A shorter interval", ["+"]],
    ["live.slower", "A longer interval", ["-"]],
    ["live.back", "One update back", ["["]],
    ["live.forward", "One update forward", ["]"]],
  ] },
  { group: "Figure", where: ["figure"], commands: [
    ["figure.in", "Zoom in along x", ["w"], "position"],
    ["figure.out", "Zoom out along x", ["s"], "position"],
    ["figure.left", "To the left", ["a", "ArrowLeft"], "position"],
    ["figure.right", "To the right", ["d", "ArrowRight"], "position"],
    ["figure.up", "Up", ["ArrowUp"]],
    ["figure.down", "Down", ["ArrowDown"]],
    ["figure.taller", "Zoom in along y", ["+"]],
    ["figure.flatter", "Zoom out along y", ["-"]],
    ["figure.begin", "To the begin", ["Home"]],
    ["figure.end", "To the end", ["End"]],
    ["figure.all", "All of it", ["0"]],
    ["figure.back", "One step back", ["b"]],
    ["figure.forward", "One step forward", ["B"]],
    ["figure.cross-left", "The cross to the left", ["Shift+ArrowLeft", "Alt+Shift+ArrowLeft"]],
    ["figure.cross-right", "The cross to the right", ["Shift+ArrowRight", "Alt+Shift+ArrowRight"]],
    ["figure.cross-up", "The cross up", ["Shift+ArrowUp", "Alt+Shift+ArrowUp"]],
    ["figure.cross-down", "The cross down", ["Shift+ArrowDown", "Alt+Shift+ArrowDown"]],
    ["figure.hold", "Hold the rows that are listed, or follow the pointer again", ["h"]],
    ["figure.update", "Update by itself, or only when told to", ["u"]],
    ["figure.draw", "Draw what is shown", ["Enter"]],
    ["figure.raw", "Time in its unit, or in nanoseconds", ["x"]],
    ["figure.categories", "Switch all categories on", ["v"]],
    ["figure.edit", "Edit the instruction file", ["e"]],
    ["figure.upload", "Upload an instruction file", ["o"]],
    ["figure.instructions", "Download the instruction file", []],
    ["figure.png", "Download the figure as PNG", []],
    ["figure.svg", "Download the figure as SVG", []],
    ["figure.pdf", "Download the figure as PDF", []],
  ] },
  { group: "Timeline", where: ["timeline"], commands: [
    ["timeline.in", "Zoom in", ["w"], "position"],
    ["timeline.out", "Zoom out", ["s"], "position"],
    ["timeline.left", "To the left", ["a", "ArrowLeft"], "position"],
    ["timeline.right", "To the right", ["d", "ArrowRight"], "position"],
    ["timeline.up", "Lane above", ["ArrowUp"]],
    ["timeline.down", "Lane below", ["ArrowDown"]],
    ["timeline.begin", "To the begin", ["Home"]],
    ["timeline.end", "To the end", ["End"]],
    ["timeline.all", "All of it", ["0"]],
    ["timeline.fit", "What is selected, from edge to edge", ["f"]],
    ["timeline.select", "Select what the lane has there", ["Enter"]],
    ["timeline.next", "Select the next one of the lane", ["."]],
    ["timeline.previous", "Select the previous one of the lane", [","]],
    ["timeline.flow-next", "On along the wakeups: whom it woke, or what came of the wait",
      ["]", "Ctrl+]"]],
    ["timeline.flow-previous", "Back along the wakeups: the wait before, or who woke it",
      ["[", "Ctrl+["]],
    ["timeline.event-next", "Next event of the lane", ["n"]],
    ["timeline.event-previous", "Previous event of the lane", ["p"]],
    ["timeline.mark", "Markers A and B around the selection; with the pointer, A and then B there",
      ["m"]],
    ["timeline.note", "A note there", ["M"]],
    ["timeline.swap", "From marker A to B, and back", ["j"]],
    ["timeline.remove", "Take away markers and notes", ["Delete"]],
    ["timeline.area", "The time of what is selected becomes the area", ["r"]],
    ["timeline.area-all", "All that is in sight becomes the area", ["Ctrl+A"]],
    ["timeline.clear", "Select nothing, and cancel what takes long", ["Escape"]],
    ["timeline.pin", "Pin the task above all others, or let it go", ["T"]],
    ["timeline.colour", "Colour the CPUs' lanes by something else", ["C"]],
    ["timeline.drawer", "Show or hide what is below the lanes", ["q"]],
    ["timeline.events", "Events around that time", ["e"]],
    ["timeline.find-lane", "To the filter of tasks", ["Ctrl+P"]],
    ["timeline.taller", "Higher lanes", ["+"]],
    ["timeline.lower", "Lower lanes", ["-"]],
    ["timeline.back", "One step back", ["b"]],
    ["timeline.forward", "One step forward", ["B"]],
    ["timeline.raw", "Time in its unit, or in nanoseconds", ["x"]],
    ["timeline.copy", "Copy the details", []],
    ["timeline.sync", "Of two recordings, move the second alone, or both again", ["Ctrl+Alt+S"]],
  ] },
  { group: "Tables", where: ["tables"], commands: [
    ["tables.csv", "Download the table as CSV", []],
    ["tables.json", "Download the table as JSON", []],
    ["tables.npz", "Download what is shown for numpy (npz)", []],
    ["tables.picture", "A picture of the table", []],
  ] },
  { group: "Rows and columns", where: GRIDS, commands: [
    ["grid.columns", "Choose columns", ["k"]],
    ["grid.unsort", "The rows in their own order", ["u"]],
  ] },
  { group: "Within rows and columns", where: GRIDS, within: "grid", commands: [
    ["grid.up", "Row up; above the first one are the headings", ["ArrowUp"]],
    ["grid.down", "Row down", ["ArrowDown"]],
    ["grid.left", "Column to the left", ["ArrowLeft"]],
    ["grid.right", "Column to the right", ["ArrowRight"]],
    ["grid.page-up", "Page up", ["PageUp"]],
    ["grid.page-down", "Page down", ["PageDown"]],
    ["grid.first", "First row", ["Home"]],
    ["grid.last", "Last row", ["End"]],
    ["grid.act", "Choose the row; on a heading, sort by it", ["Enter"]],
    ["grid.sort", "Sort by this column", ["s"]],
    ["grid.sort-too", "Sort by this column where the others are equal", ["Shift+Enter", "S"]],
  ] },
];

export const commands = TABLE.flatMap(({ group, where = null, within = null, commands: list }) =>
  list.map(([name, title, keys, at]) => ({ group, where, within, name, title, keys, at })));

const actions = new Map();

// Some are of views that this page does not have.
function isHere(command) {
  return actions.has(command.name) && (!command.where || command.where.some(state.isView));
}

// { name: f } of commands; f is given the event of the key, or null.
export function provide(list) {
  for (const [name, action] of Object.entries(list)) {
    if (!commands.some(command => command.name === name))
      throw new Error(`no command ${name} stands in the table`);
    actions.set(name, action);
  }
}

export function run(name, event = null) {
  actions.get(name)?.(event);
}

// "Shift+ArrowLeft", "Ctrl+Shift+P", "?": Shift is not named where it makes another character.
function keyOf(event) {
  const printed = event.key.length === 1, chord = event.ctrlKey || event.altKey || event.metaKey;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") +
    (event.shiftKey && (!printed || chord) ? "Shift+" : "") +
    (printed && chord ? event.key.toUpperCase() : event.key);
}

function matches(command, event, key) {
  if (command.at === "position" && !event.shiftKey && !key.includes("Ctrl+") &&
    !event.altKey && command.keys.some(k => event.code === "Key" + k.toUpperCase()))
    return true;
  return command.keys.includes(key) &&
    !(command.at === "position" && /^Key/.test(event.code));
}

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=checkbox])");
}

function onKey(event) {
  const key = keyOf(event), target = event.target;
  if (event.defaultPrevented || !(target instanceof Element))
    return;
  if (document.querySelector("dialog[open]") ||
    (isTyping(target) && !["F1", "Ctrl+Shift+P"].includes(key)) ||
    (key === "Enter" && target.matches("button, a, summary")))
    return;
  const here = commands.filter(command => isHere(command) && matches(command, event, key) &&
    (!command.where || command.where.includes(state.view())) &&
    (!command.within || target.closest("." + command.within)));
  const command = here.find(c => c.within) || here.find(c => c.where) || here[0];
  if (!command)
    return;
  event.preventDefault();
  run(command.name, event);
}

export function listen() {
  document.addEventListener("keydown", onKey);
  provide({ palette, help });
}

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

function keyCaps(command) {
  const caps = [];
  for (const key of command.keys) {
    const name = key.replace(/Arrow\w+|Escape/, word => NAMES[word]);
    caps.push(element("kbd", null, name), " ");
  }
  return element("span.keys", null, ...caps);
}

function help() {
  const part = (heading, lines) => element("section", null, element("h3", null, heading),
    element("table", null, element("tbody", null, ...lines.map(([key, does]) =>
      element("tr", null, element("td", null, key), element("td", null, does))))));
  const parts = TABLE.map(({ group }) => part(group, commands.filter(c =>
    isHere(c) && c.group === group && c.keys.length).map(c => [keyCaps(c), c.title])));
  if (state.isView("figure"))
    parts.push(part("By pointer, in the figure", POINTER));
  if (state.isView("timeline"))
    parts.push(part("By pointer, in the timeline", POINTER_OF_TIMELINE));
  const made = dialog("Keys and commands", "help", [element("div.parts", null,
    ...parts.filter(section => section.querySelector("tr")))],
  [element("button", { type: "button", onclick: () => made.close() }, "Close")]);
}

export const POINTER = [
  ["Wheel", "zooms along x at the pointer; on the y axis, along y"],
  ["Alt + wheel", "zooms along both"],
  ["Shift + wheel", "pans"],
  ["Drag", "pans; on an axis, along that one only"],
  ["Shift + drag", "zooms to a box"],
  ["Double click", "shows all of it"],
  ["Click", "holds the rows that are listed, and lets them go"],
];

export const POINTER_OF_TIMELINE = [
  ["Wheel", "scrolls the lanes"],
  ["Ctrl + wheel, pinch", "zooms at the pointer"],
  ["Shift + wheel", "pans"],
  ["Click", "selects; left of the lanes, opens or closes a group, or pins a task"],
  ["Double click", "selects, and shows it from edge to edge"],
  ["Drag", "selects an area of time; its ends snap to edges, not with Alt"],
  ["Shift + drag, middle drag", "pans"],
  ["Drag in the minimap", "moves the window, or makes one"],
];

// The commands that can be given here, as a list to choose from while one types.
function palette() {
  const input = element("input", { type: "text", role: "combobox", "aria-expanded": "true",
    "aria-controls": "palette-list", "aria-label": "Command", autocomplete: "off",
    spellcheck: false });
  const list = element("ul", { id: "palette-list", role: "listbox", "aria-label": "Commands" });
  const made = dialog("Commands", "palette", [input, list]);
  let found = [], at = 0;

  const choose = command => {
    made.close();
    run(command.name);
  };
  const mark = () => {
    [...list.children].forEach((line, n) => line.setAttribute("aria-selected", n === at));
    input.setAttribute("aria-activedescendant", found.length ? "palette-" + at : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const fill = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    found = commands.filter(command => isHere(command) && !command.within &&
      (!command.where || command.where.includes(state.view())) &&
      words.every(word => (command.group + " " + command.title).toLowerCase().includes(word)));
    at = 0;
    list.replaceChildren(...found.map((command, n) => element("li",
      { id: "palette-" + n, role: "option", onclick: () => choose(command) },
      command.title, element("span.quiet", null, command.group), element("span.space"),
      keyCaps(command))));
    mark();
  };
  input.oninput = fill;
  input.onkeydown = event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : found.length - 1;
      at = found.length ? (at + step) % found.length : 0;
      event.preventDefault();
      mark();
    } else if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      choose(found[at]);
    }
  };
  fill();
  input.focus();
}
