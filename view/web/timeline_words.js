// SPDX-License-Identifier: LGPL-2.1-or-later
// What the address says of the timeline, and what that says in words.
import * as state from "./state.js";
import { FIRST_SPECIAL, MEANINGS } from "./timeline_colours.js";
import { stateOf } from "./timeline_details.js";

// A word of two numbers, or null.
export function pair(word) {
  const [begin, end] = (state.get(word) || "").split(",").map(Number);
  return end > begin && Number.isFinite(end - begin) ? { begin, end } : null;
}

export function markers() {
  return ["a", "b"].filter(name => state.get(name) !== null)
    .map(name => ({ name: name.toUpperCase(), time: Number(state.get(name)) }));
}

// [{ time, text }]
export function notesOf() {
  return state.list(state.get("notes")).map(entry => {
    const [, time, text] = /^(-?\d+):?(.*)$/s.exec(entry) || [null, NaN, ""];
    return { time: Number(time), text };
  }).filter(note => Number.isFinite(note.time));
}

// Is the lane of a task among those that are pinned?
export function isPinned(lane) {
  return state.list(state.get("pin")).includes(lane.slice(1));
}

// What the recording lacks, in sentences.
export function lacks(model) {
  const found = [];
  if (!model.rows)
    found.push("There are no rows: the timeline is empty.");
  else if (model.length_ns === 0)
    found.push("All rows are of one moment: the timeline has no length.");
  else if (!model.switches)
    found.push("No switches were recorded: nobody knows who ran.");
  if (model.gaps)
    found.push(`${model.lost ? `${model.lost} records were` : "Records were"} lost, in ` +
      `${model.gaps === 1 ? "one place" : model.gaps + " places"}: there the lanes are hatched, ` +
      "and figures of such times are bounds.");
  if (model.clock_steps)
    found.push("The clock was set back " +
      (model.clock_steps === 1 ? "once." : `${model.clock_steps} times.`));
  return found;
}

// What a column of a lane has, those first that have most of it.
export function shareText(of, place) {
  const { model } = of, kind = place.lane[0];
  const columnNs = (of.lanes.window.x1 - of.lanes.window.x0) / of.lanes.columns;
  const text = ({ what }) => kind === "t" ? stateOf(model, what)
    : what < FIRST_SPECIAL ? (kind === "q" ? what + " runnable" : model.nameOf(what))
      : MEANINGS.get(what) || "unknown";
  const { entries } = place;
  return entries.length === 1 ? text(entries[0]) : entries.slice(0, 4).map(entry =>
    `${text(entry)} ${Math.round(100 * entry.ns / columnNs)} %`).join(", ") +
    (entries.length > 4 ? ` and ${entries.length - 4} more` : "");
}
