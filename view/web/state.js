// SPDX-License-Identifier: LGPL-2.1-or-later
// What is shown, as the part of the address after #: it restores a view in another window, and the
// browser's history goes back and forward through it. The token is never in it.

// What an address says of each view. A word of two views holds for both, unless it is in OWN.
const WORDS = {
  recordings: ["sort", "filter", "columns"],
  figure: ["instructions", "query", "x", "y", "off", "height"],
  tables: ["analysis", "table", "window", "comm", "pid", "cpu", "set", "filter", "sort", "columns"],
  variables: ["sort", "filter"],
  statistics: ["instructions", "query", "sort", "columns"],
  console: ["filter"],
  timeline: ["x", "lane", "at", "area", "a", "b", "notes", "pin", "cpus", "tasks", "ran", "colour",
    "closed", "raw", "below", "show", "other", "shift", "of", "a2"],
  tasks: ["interval", "by", "sort", "filter", "columns"],
  migrations: ["interval", "sort", "filter", "columns"],
  memory: ["interval", "pie", "sort", "filter", "columns"],
  faults: ["interval", "by", "sort", "filter", "columns"],
  stacks: ["interval", "by", "sort", "filter", "columns"],
  cpus: ["interval", "sort", "filter", "columns"],
};
const OWN = new Set(["sort", "filter", "columns"]);

const values = new Map();
let shown = null, known = null;
const listeners = new Set();

function place(view, word) {
  return OWN.has(word) ? view + "." + word : word;
}

export function view() {
  return shown;
}

export function isView(name) {
  return Object.hasOwn(WORDS, name) && (!known || known.includes(name));
}

// null where nothing is said of it.
export function get(word, of = shown) {
  return values.get(place(of, word)) ?? null;
}

// The address of a view, without what stands before #.
export function address(of = shown, changes = {}) {
  const words = new URLSearchParams();
  for (const word of ["recording", ...WORDS[of]]) {
    const value = word in changes ? changes[word] : get(word, of);
    if (value !== null && value !== "")
      words.set(word, value);
  }
  const text = words.toString();
  return "#/" + of + (text && "?" + text);
}

// The whole address, to be given to somebody else.
export function link() {
  return location.origin + location.pathname + address();
}

function tell() {
  for (const listener of listeners)
    listener();
}

export function onChange(listener) {
  listeners.add(listener);
}

// Changes words of the view that is shown, or shows another one. A step that one goes back to is
// made unless replace is said, as while a text is typed.
export function change(words, { view: to = shown, replace = false } = {}) {
  for (const [word, value] of Object.entries(words)) {
    if (value === null || value === "")
      values.delete(place(to, word));
    else
      values.set(place(to, word), String(value));
  }
  shown = to;
  if (replace)
    history.replaceState(null, "", address());
  else if (address() !== location.hash)
    history.pushState(null, "", address());
  tell();
}

// Reads the address; true if it names a view.
function read() {
  const [path, text] = location.hash.replace(/^#\/?/, "").split("?", 2);
  if (!isView(path))
    return false;
  const words = new URLSearchParams(text || "");
  for (const word of ["recording", ...WORDS[path]]) {
    if (words.get(word))
      values.set(place(path, word), words.get(word));
    else if (word !== "recording")
      values.delete(place(path, word));
  }
  shown = path;
  return true;
}

// first: what is shown where the address names none of these views.
export function start(first, views) {
  known = views;
  if (!read()) {
    shown = first;
    history.replaceState(null, "", address());
  }
  const again = () => {
    if (read())
      tell();
    else
      history.replaceState(null, "", address());
  };
  addEventListener("popstate", again);
}

// A list as one word: a comma and a percent sign within an entry are written %2C and %25.
export function list(word) {
  return word ? word.split(",").map(entry => {
    try {
      return decodeURIComponent(entry);
    } catch {
      return entry;
    }
  }) : [];
}

export function listed(entries) {
  return entries.map(entry => String(entry).replace(/[%,]/g, encodeURIComponent)).join(",");
}
