// SPDX-License-Identifier: LGPL-2.1-or-later
// Lanes as rows of pixels. What a column has as a whole is a stretch; several things in one column
// share its height by the time that they had.
import { IDLE, isMarked } from "./timeline_colours.js";

// Pixels that lanes are drawn on.
export class Pixels {
  constructor(width, height) {
    this.image = new ImageData(width, height);
    this.words = new Uint32Array(this.image.data.buffer);
    this.width = width;
  }

  // A rectangle of one paint; null leaves it as it is.
  fill(x, y, width, height, paint) {
    if (!paint)
      return;
    const { words, width: stride } = this, { fill, mark, pattern } = paint;
    for (let row = y; row < y + height; row++)
      words.fill(fill, row * stride + x, row * stride + x + width);
    if (!pattern)
      return;
    for (let row = y; row < y + height; row++)
      for (let column = x; column < x + width; column++)
        if (isMarked(pattern, column, row))
          words[row * stride + column] = mark;
  }

  // Puts the row of pixels at y below itself, so that it is height rows high.
  deepen(y, height) {
    const { words, width } = this, from = y * width;
    for (let row = 1; row < height; row++)
      words.copyWithin(from + row * width, from, from + width);
  }
}

// Several things of one column, what is special above.
function stack(pixels, entries, from, to, y, height, paintOf) {
  const order = [], { ns, what, column } = entries;
  let sum = 0;
  for (let i = from; i < to; i++) {
    order.push(i);
    sum += ns[i];
  }
  order.sort((a, b) => what[a] - what[b]);
  let done = 0, below = y + height;
  for (const i of order) {
    done += ns[i];
    const above = y + height - Math.round(height * done / sum);
    pixels.fill(column[i], above, 1, below - above, paintOf(what[i]));
    below = above;
  }
}

function nextColumn(entries, from) {
  let to = from + 1;
  while (to < entries.n && entries.column[to] === entries.column[from])
    to++;
  return to;
}

// A lane from the row of pixels y on. paintOf(what) may be null: nothing is drawn.
export function paintLane(pixels, entries, y, height, paintOf) {
  const { n, what, column, columns } = entries, plain = [], later = [];
  for (let i = 0; i < n;) {
    const to = nextColumn(entries, i), paint = to === i + 1 ? paintOf(what[i]) : null;
    if (to > i + 1)
      later.push(i, to);
    else if (paint && !paint.pattern)
      plain.push(i);
    else if (paint)
      later.push(i, to);
    i = to;
  }
  for (const i of plain)
    pixels.fill(column[i], y, columns[i], 1, paintOf(what[i]));
  pixels.deepen(y, height);
  for (let k = 0; k < later.length; k += 2) {
    const from = later[k];
    if (later[k + 1] === from + 1)
      pixels.fill(column[from], y, columns[from], height, paintOf(what[from]));
    else
      stack(pixels, entries, from, later[k + 1], y, height, paintOf);
  }
}

// Over the idle time of a CPU, which is drawn uppermost, that in which others waited.
export function paintWaste(pixels, entries, y, height, columnNs, paint) {
  const { n, ns, what, column, columns } = entries;
  for (let i = 0; i < n; i++) {
    if (what[i])
      continue;   // nothing is said of it
    const share = Math.min(1, ns[i] / columns[i] / columnNs);
    pixels.fill(column[i], y, columns[i], Math.max(1, Math.round(height * share)), paint);
  }
}

// What a column has, [{ what, ns }], those first that have most of it.
export function at(entries, place) {
  const found = [];
  for (let i = 0; entries && i < entries.n; i++)
    if (entries.column[i] <= place && place < entries.column[i] + entries.columns[i])
      found.push({ what: entries.what[i], ns: entries.ns[i] / entries.columns[i] });
  return found.sort((a, b) => b.ns - a.ns);
}

// Texts on what is wide enough.
export function labels(g, entries, { x, y, height, ratio, nameOf, paintOf, least = 34 }) {
  for (let i = 0; i < entries.n; i++) {
    const width = entries.columns[i] / ratio;
    if (width < least)
      continue;
    const name = nameOf(entries.what[i]);
    if (!name)
      continue;
    const left = x + entries.column[i] / ratio;
    g.save();
    g.beginPath();
    g.rect(left + 2, y, width - 4, height);
    g.clip();
    g.fillStyle = paintOf(entries.what[i]).text;
    g.fillText(name, left + 4, y + height / 2 + 0.5);
    g.restore();
  }
}

// How busy all CPUs were, a column a pixel: a curve from below.
export function paintOverview(g, entries, { x, y, width, height, columns, busy, unknown }) {
  const sums = Array.from({ length: columns }, () => [0, 0, 0]);
  for (let i = 0; i < entries.n; i++)
    for (let k = 0; k < entries.columns[i]; k++)
      sums[entries.column[i] + k][entries.what[i] === 0 ? 0 : entries.what[i] === IDLE ? 1 : 2] +=
        entries.ns[i] / entries.columns[i];
  const step = width / columns;
  sums.forEach(([ran, idle, rest], n) => {
    const all = ran + idle + rest, top = height * ran / all, above = height * rest / all;
    if (!all)
      return;
    g.fillStyle = busy;
    g.fillRect(x + n * step, y + height - top, Math.ceil(step), top);
    g.fillStyle = unknown;
    g.fillRect(x + n * step, y, Math.ceil(step), above);
  });
}

