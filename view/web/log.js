// SPDX-License-Identifier: LGPL-2.1-or-later
// What happened since the page was opened, for the view Console: the last 1000 sentences.

const LIMIT = 1000;
const entries = [], listeners = [];

// kind: error, note or request; more: how long it took.
export function add(kind, text, more = "") {
  entries.push({ time: new Date(), kind, text, more });
  if (entries.length > LIMIT)
    entries.shift();
  for (const listener of listeners)
    listener();
}

export function all() {
  return entries;
}

export function clear() {
  entries.length = 0;
  for (const listener of listeners)
    listener();
}

export function onChange(listener) {
  listeners.push(listener);
}
