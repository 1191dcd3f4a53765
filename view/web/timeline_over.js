// SPDX-License-Identifier: LGPL-2.1-or-later
// Over the lanes: where the pointer is, what is selected, the area, markers and notes, and arrows
// of who woke whom and where the task went.
import { GUTTER } from "./timeline_rows.js";

const MOST_ARROWS = 400;

function vertical(lanes, g, time, colour, dash = []) {
  const x = Math.round(lanes.x(time)) + 0.5;
  if (x < GUTTER || x > GUTTER + lanes.width)
    return null;
  g.strokeStyle = colour;
  g.setLineDash(dash);
  g.beginPath();
  g.moveTo(x, 0);
  g.lineTo(x, lanes.height);
  g.stroke();
  g.setLineDash([]);
  return x;
}

function flag(lanes, g, x, y, text, colour) {
  const width = g.measureText(text).width + 8;
  const left = Math.min(x, GUTTER + lanes.width - width);
  g.fillStyle = colour;
  g.fillRect(left, y, width, 15);
  g.fillStyle = lanes.colour("--accent-text");
  g.fillText(text, left + 4, y + 8);
}

function area(lanes, g, { begin, end }) {
  const from = Math.max(GUTTER, lanes.x(begin)), to = lanes.x(end);
  if (to < GUTTER)
    return;
  g.fillStyle = lanes.colour("--accent");
  g.globalAlpha = 0.14;
  g.fillRect(from, 0, to - from, lanes.height);
  g.globalAlpha = 1;
  vertical(lanes, g, begin, lanes.colour("--accent"));
  vertical(lanes, g, end, lanes.colour("--accent"));
}

// What is selected has a frame, in each lane that shows it.
function frame(lanes, g, key, { begin, end }) {
  const row = lanes.rows.find(r => r.key === key);
  if (!row)
    return;
  const y = row.top - lanes.scroller.scrollTop;
  const from = Math.max(GUTTER - 3, lanes.x(begin));
  const to = Math.min(GUTTER + lanes.width + 3, Math.max(lanes.x(end), from + 2));
  g.lineWidth = 2;
  g.strokeStyle = lanes.colour("--frame");
  g.strokeRect(from, y + 1, to - from, row.height - 2);
  g.lineWidth = 1;
}

function middleOf(lanes, keys) {
  const row = keys.map(key => lanes.rows.find(r => r.key === key)).find(Boolean);
  return row ? row.top + row.height / 2 - lanes.scroller.scrollTop : null;
}

function arrow(lanes, g, from, to) {
  const ax = lanes.x(from.time), bx = lanes.x(to.time);
  const ay = middleOf(lanes, from.keys), by = middleOf(lanes, to.keys);
  if (ay === null || by === null || ay === by || Math.max(ax, bx) < GUTTER ||
    Math.min(ax, bx) > GUTTER + lanes.width)
    return;
  const bend = Math.max(12, Math.abs(bx - ax) / 2), size = 5;
  g.beginPath();
  g.moveTo(ax, ay);
  g.bezierCurveTo(ax + bend, ay, bx - bend, by, bx - size, by);
  g.stroke();
  g.beginPath();
  g.moveTo(bx, by);
  g.lineTo(bx - 2 * size, by - size);
  g.lineTo(bx - 2 * size, by + size);
  g.fill();
}

function arrows(lanes, g, { wakes = [], moves = [] }) {
  g.save();
  g.beginPath();
  g.rect(GUTTER, 0, lanes.width, lanes.height);
  g.clip();
  for (const [list, colour] of [[moves, "--move"], [wakes, "--wake"]]) {
    g.strokeStyle = g.fillStyle = lanes.colour(colour);
    g.lineWidth = 1.5;
    for (const { from, to } of list.slice(0, MOST_ARROWS))
      arrow(lanes, g, from, to);
  }
  g.lineWidth = 1;
  g.restore();
}

/*
 * lanes.shown: { pointer: { x }, selected: { keys, begin, end }, area: { begin, end }, markers:
 * [{ name, time }], notes: [{ time, text }], found: [time], arrows: { wakes, moves } }, any of
 * which may be missing.
 */
export function drawOver(lanes, g) {
  const { pointer, selected, area: chosen, markers = [], notes = [], found, arrows: lines } =
    lanes.shown;
  if (chosen)
    area(lanes, g, chosen);
  if (lines)
    arrows(lanes, g, lines);
  for (const key of selected?.keys || [])
    frame(lanes, g, key, selected);
  if (found !== undefined && found !== null)
    vertical(lanes, g, found, lanes.colour("--error"), [2, 2]);
  for (const { time, text } of notes) {
    const x = vertical(lanes, g, time, lanes.colour("--warning"), [6, 3]);
    if (x !== null)
      flag(lanes, g, x, 18, text || "note", lanes.colour("--warning"));
  }
  for (const { name, time } of markers) {
    const x = vertical(lanes, g, time, lanes.colour("--accent"), [5, 2]);
    if (x !== null)
      flag(lanes, g, x, 1, name, lanes.colour("--accent"));
  }
  if (pointer && pointer.x >= GUTTER) {
    g.globalAlpha = 0.5;
    vertical(lanes, g, lanes.time(pointer.x), lanes.colour("--text"));
    g.globalAlpha = 1;
  }
}

// Who woke a task that is selected, whom it woke, and how it moved; of: what the server says of it.
export async function arrowsOf(pane, of) {
  const wakes = [], lane = "t" + of.task, keys = pane.keysOf(lane);
  if (of.waker && of.waker.task !== null)
    wakes.push({ from: { time: of.waker.at, keys: pane.keysOf("t" + of.waker.task) },
      to: { time: of.wait.begin, keys } });
  for (const { task, at } of of.woke)
    wakes.push({ from: { time: at, keys }, to: { time: at, keys: pane.keysOf("t" + task) } });
  const runs = await pane.model.runs(of.task, pane.lanes.window, pane.latest), moves = [];
  runs.cpu.forEach((cpu, n) => {
    if (n && cpu !== runs.cpu[n - 1])
      moves.push({ from: { time: runs.end[n - 1], keys: ["c" + runs.cpu[n - 1]] },
        to: { time: runs.begin[n], keys: ["c" + cpu] } });
  });
  return { wakes, moves };
}
