// SPDX-License-Identifier: LGPL-2.1-or-later
// The lanes of one recording on canvases: minimap and time above, the lanes below, which scroll,
// and over them what changes with the pointer and the selection.
import { ticks } from "./axes.js";
import { element } from "./dom.js";
import * as colours from "./timeline_colours.js";
import { at, labels, paintLane, paintOverview, paintWaste, Pixels } from "./timeline_paint.js";
import { drawOver } from "./timeline_over.js";
import { listenTo } from "./timeline_pointer.js";
import { AXIS, GUTTER, MAP, rowsBetween } from "./timeline_rows.js";

const QUEUE = 0.24;    // of a CPU's height
const SHORTEST = 100;  // ns that one can see at once
const MOST = 8192;     // columns that the server makes
const FONT = "system-ui, 'DejaVu Sans', sans-serif";

export class Lanes {
  // Told of: onWindow(window, why), onPoint(place or null), onClick(place, event),
  // onArea(begin, end or null, ended), onHead(row), onPin(row).
  constructor(listeners) {
    Object.assign(this, listeners);
    this.top = element("canvas.lanes-top", { "aria-hidden": "true" });
    this.under = element("canvas", { "aria-hidden": "true" });
    this.over = element("canvas.over", { "aria-hidden": "true" });
    this.space = element("div.lanes-space", null,
      element("div.lanes-fixed", null, this.under, this.over));
    this.scroller = element("div.lanes-scroll", { tabIndex: 0, role: "application",
      "aria-label": "Timeline: w a s d move in time, up and down choose a lane, Enter selects, " +
        "question mark for help" }, this.space);
    this.root = element("div.lanes", null, this.top, this.scroller);
    this.rows = [];
    this.shown = {};    // what is drawn over the lanes; see timeline_over.js
    new ResizeObserver(() => this.resize()).observe(this.scroller);
    this.scroller.addEventListener("scroll", () => this.scrolled());
    listenTo(this);
  }

  // What is drawn from now on.
  set({ model, rows, window, whole, painter }) {
    const isOther = model !== this.model;
    Object.assign(this, { model, rows, whole, painter });
    const last = rows.at(-1);
    this.space.style.height = (last ? last.top + last.height : 0) + 4 + "px";
    if (isOther) {
      this.picture = this.overview = null;
      model.overview(Math.min(MOST, Math.max(1, this.width))).then(found => {
        if (this.model === model)
          this.overview = found;
        this.drawTop();
      }).catch(() => {});
    }
    this.show(window);
  }

  show(window) {
    this.window = window;
    this.draw();
    this.request();
  }

  get ratio() {
    return Math.min(2, globalThis.devicePixelRatio || 1);
  }

  // Of the lanes, in the page's pixels.
  get width() {
    return Math.max(1, this.scroller.clientWidth - GUTTER);
  }

  get height() {
    return Math.max(1, this.scroller.clientHeight);
  }

  get columns() {
    return Math.max(1, Math.min(MOST, Math.round(this.width * this.ratio)));
  }

  resize() {
    if (!this.scroller.clientWidth || !this.scroller.clientHeight)
      return;
    this.fit(this.top, this.scroller.clientWidth, MAP + AXIS);
    this.fit(this.under, this.scroller.clientWidth, this.height);
    this.fit(this.over, this.scroller.clientWidth, this.height);
    if (this.window)
      this.show(this.window);
  }

  fit(canvas, width, height) {
    canvas.width = Math.round(width * this.ratio);
    canvas.height = Math.round(height * this.ratio);
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
  }

  scrolled() {
    this.draw();
    this.request();
  }

  get inSight() {
    const from = this.scroller.scrollTop;
    return rowsBetween(this.rows, from, from + this.height);
  }

  // Asks for what is missing, one request after the other; meanwhile what is there is stretched.
  async request() {
    const model = this.model, { window, columns } = this;
    if (!model || !window || !this.scroller.clientWidth)
      return;
    this.again = this.isAsking;
    if (this.isAsking)
      return;
    this.isAsking = true;
    const from = this.scroller.scrollTop, room = this.height / 2;
    const lanes = rowsBetween(this.rows, from - room, from + this.height + room)
      .flatMap(row => row.lanes);
    try {
      const found = await model.load(window, columns, lanes);
      if (this.model === model && this.columns === columns) {
        this.picture = this.paint(this.inSight, found, window);
        this.draw();
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.isAsking = false;
      if (this.again)
        this.request();
    }
  }

  x(time) {
    const { x0, x1 } = this.window;
    return GUTTER + (time - x0) / (x1 - x0) * this.width;
  }

  time(x) {
    const { x0, x1 } = this.window;
    return x0 + (x - GUTTER) / this.width * (x1 - x0);
  }

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  start(canvas) {
    const g = canvas.getContext("2d");
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, canvas.width, canvas.height);
    g.font = `11px ${FONT}`;
    g.textBaseline = "middle";
    return g;
  }

  draw() {
    if (!this.window || !this.model || !this.under.width)
      return;
    const began = performance.now();
    const lanes = this.model.known(this.window, this.columns), rows = this.inSight;
    const g = this.start(this.under);
    const isWhole = rows.every(row => row.lanes.every(lane => lanes.has(lane)));
    if (isWhole || !this.picture)
      this.picture = this.paint(rows, lanes, this.window);
    this.drawPicture(g);
    if (isWhole)
      this.drawLabels(g, rows, lanes);
    this.drawGutter(g, rows);
    this.drawTop();
    this.drawOver();
    this.took = performance.now() - began;
    this.root.dataset.drawn = isWhole ? JSON.stringify([this.window.x0, this.window.x1,
      this.columns, this.scroller.scrollTop]) : "";
    this.onDrawn?.(isWhole);
  }

  // The lanes in sight, as pixels of the screen.
  paint(rows, lanes, window) {
    const { columns, ratio, painter, scroller } = this;
    const pixels = new Pixels(columns, this.under.height);
    const columnNs = (window.x1 - window.x0) / columns;
    const put = (lane, y, height, paintOf, over) => {
      const entries = lanes.get(lane), top = Math.round((y - scroller.scrollTop) * ratio);
      const from = Math.max(0, top), to = Math.min(pixels.image.height,
        Math.round((y + height - scroller.scrollTop) * ratio));
      if (!entries || to <= from)
        return;
      if (over)
        paintWaste(pixels, entries, from, to - from, columnNs, over);
      else
        paintLane(pixels, entries, from, to - from, paintOf);
    };
    for (const row of rows) {
      const height = row.height - 3;
      if (row.kind === "task")
        put("t" + row.task, row.top + 1, height, what => painter.state(what));
      if (row.kind !== "cpu")
        continue;
      const upper = row.queue ? Math.round(height * (1 - QUEUE)) : height;
      put("c" + row.cpu, row.top + 1, upper, what => painter.run(what));
      put("w" + row.cpu, row.top + 1, upper, null, painter.special(colours.WASTE));
      if (row.queue)
        put("q" + row.cpu, row.top + 2 + upper, height - upper, what => painter.queue(what));
    }
    const canvas = new OffscreenCanvas(columns, this.under.height);
    canvas.getContext("2d").putImageData(pixels.image, 0, 0);
    return { canvas, window, scroll: scroller.scrollTop };
  }

  drawPicture(g) {
    const { canvas, window: of, scroll } = this.picture, { width } = this;
    g.save();
    g.beginPath();
    g.rect(GUTTER, 0, width, this.height);
    g.clip();
    g.fillStyle = this.colour("--page");
    g.fillRect(GUTTER, 0, width, this.height);
    g.imageSmoothingEnabled = false;
    const left = this.x(of.x0);
    g.drawImage(canvas, left, scroll - this.scroller.scrollTop, this.x(of.x1) - left,
      canvas.height / this.ratio);
    g.restore();
  }

  drawLabels(g, rows, lanes) {
    const { ratio, painter, model } = this;
    for (const row of rows) {
      const entries = lanes.get(row.lanes[0]);
      const y = row.top - this.scroller.scrollTop + 1;
      const place = { x: GUTTER, y, ratio };
      if (row.kind === "cpu")
        labels(g, entries, { ...place, height: (row.height - 3) * (row.queue ? 1 - QUEUE : 1),
          paintOf: what => painter.run(what),
          nameOf: what => what < colours.FIRST_SPECIAL ? model.nameOf(what)
            : what === colours.IDLE ? null : colours.MEANINGS.get(what) });
      else if (row.kind === "task")
        labels(g, entries, { ...place, height: row.height - 3, least: 56,
          paintOf: what => painter.state(what),
          nameOf: what => this.stateName(what) });
    }
  }

  stateName(what) {
    return what < colours.LASTS ? this.model.states[what]
      : what >= colours.FIRST_SPECIAL ? "unknown"
        : this.model.states[what - colours.LASTS] + ", no end seen";
  }

  drawGutter(g, rows) {
    g.fillStyle = this.colour("--panel");
    g.fillRect(0, 0, GUTTER - 1, this.height);
    for (const row of rows) {
      const y = row.top - this.scroller.scrollTop, isHead = row.kind === "head";
      if (row.key === this.shown.lane) {
        g.fillStyle = this.colour("--chosen");
        g.fillRect(0, y, GUTTER - 1, row.height);
      }
      g.fillStyle = this.colour("--line");
      g.fillRect(0, y + row.height - 1, isHead ? GUTTER + this.width : GUTTER - 1, 1);
      g.fillStyle = this.colour("--text");
      g.font = (isHead ? "600 " : "") + `11px ${FONT}`;
      const mark = isHead ? (row.closed ? "▸ " : "▾ ") : row.pinned ? "★ " : "";
      const left = 6 + 9 * (row.indent || 0), middle = y + row.height / 2;
      g.save();
      g.beginPath();
      g.rect(0, y, GUTTER - 6, row.height);
      g.clip();
      g.fillText(mark + row.label, left, middle);
      if (isHead) {
        const from = left + g.measureText(mark + row.label).width + 6;
        g.font = `11px ${FONT}`;
        g.fillStyle = this.colour("--quiet");
        g.fillText(row.note || "", from, middle);
      }
      g.restore();
    }
    g.fillStyle = this.colour("--line");
    g.fillRect(GUTTER - 1, 0, 1, this.height);
  }

  // The minimap with the window, and the times.
  drawTop() {
    if (!this.window || !this.top.width)
      return;
    const g = this.start(this.top), { width } = this, { x0, x1 } = this.window;
    const length = this.whole.x1 - this.whole.x0;
    g.fillStyle = this.colour("--panel");
    g.fillRect(0, 0, this.scroller.clientWidth + 20, MAP + AXIS);
    g.fillStyle = this.colour("--page");
    g.fillRect(GUTTER, 1, width, MAP - 3);
    if (this.overview)
      paintOverview(g, this.overview, { x: GUTTER, y: 1, width, height: MAP - 3,
        columns: this.overviewColumns(), busy: this.colour("--quiet"),
        unknown: this.colour("--warning-back") });
    const left = GUTTER + (x0 - this.whole.x0) / length * width;
    const right = GUTTER + (x1 - this.whole.x0) / length * width;
    g.fillStyle = g.strokeStyle = this.colour("--accent");
    g.globalAlpha = 0.22;
    g.fillRect(left, 1, Math.max(1, right - left), MAP - 3);
    g.globalAlpha = 1;
    g.strokeRect(Math.round(left) + 0.5, 1.5, Math.max(2, Math.round(right - left) - 1), MAP - 4);
    g.fillStyle = this.colour("--quiet");
    g.fillText("all of it", 6, MAP / 2);
    this.drawTimes(g, width);
  }

  overviewColumns() {
    const { n, column, columns } = this.overview;
    return n ? Math.max(column[n - 1] + columns[n - 1], 1) : 1;
  }

  drawTimes(g, width) {
    const { x0, x1 } = this.window;
    const along = ticks({ time: true }, x0, x1, width / 100, this.raw);
    g.textAlign = "center";
    for (const { at: time, text } of along.ticks) {
      const x = Math.round(this.x(time)) + 0.5;
      g.fillStyle = this.colour("--line");
      g.fillRect(x, MAP, 1, 5);
      g.fillStyle = this.colour("--text");
      if (x > GUTTER - 4)
        g.fillText(text, x, MAP + AXIS / 2 + 2);
    }
    g.textAlign = "left";
    g.fillStyle = this.colour("--panel");
    g.fillRect(0, MAP, GUTTER - 1, AXIS);
    g.fillStyle = this.colour("--quiet");
    g.fillText(`since the first row, ${along.unit}`, 6, MAP + AXIS / 2 + 2);
  }

  drawOver() {
    if (this.window && this.over.width)
      drawOver(this, this.start(this.over));
  }

  // { x, y, time, row, lane, entry } at a place from the upper left of what is in sight.
  placeAt(x, y) {
    const height = y + this.scroller.scrollTop, time = this.time(x);
    const row = rowsBetween(this.rows, height, height + 1)[0] || null;
    const place = { x, y, time, row, lane: null, entries: [] };
    if (!row || row.kind === "head" || x < GUTTER)
      return place;
    const isQueue = row.queue && height - row.top - 1 > (row.height - 3) * (1 - QUEUE);
    place.lane = row.lanes[isQueue ? 1 : 0];
    const lanes = this.model.known(this.window, this.columns);
    const column = Math.floor((x - GUTTER) * this.ratio);
    place.entries = at(lanes.get(place.lane), column);
    place.queue = row.queue ? at(lanes.get(row.lanes[1]), column)[0]?.what : undefined;
    return place;
  }

  go(window, why) {
    const length = Math.max(SHORTEST, Math.round(window.x1 - window.x0));
    const x0 = Math.round(window.x0);
    if (!Number.isSafeInteger(x0) || !Number.isSafeInteger(x0 + length))
      return;
    this.show({ x0, x1: x0 + length });
    this.onWindow(this.window, why);
  }

  // factor below 1 zooms in; time: what stays where it is.
  zoom(factor, time, why = "step") {
    const { x0, x1 } = this.window, whole = this.whole.x1 - this.whole.x0;
    const middle = time ?? (x0 + x1) / 2;
    const length = Math.min(Math.max(SHORTEST, (x1 - x0) * factor), 2 * whole);
    const begin = middle - (middle - x0) / (x1 - x0) * length;
    this.go({ x0: begin, x1: begin + length }, why);
  }

  // By a share of what is shown; the recording stays in sight.
  pan(share, why = "step") {
    const { x0, x1 } = this.window, length = x1 - x0;
    const most = this.whole.x1 - length / 10, least = this.whole.x0 - length * 0.9;
    const begin = Math.max(Math.min(x0 + share * length, most), Math.min(least, most));
    this.go({ x0: begin, x1: begin + length }, why);
  }

  // Scrolls so that a lane is seen.
  reveal(key) {
    const row = this.rows.find(r => r.key === key), { scroller, height } = this;
    if (!row)
      return false;
    if (row.top < scroller.scrollTop)
      scroller.scrollTop = row.top;
    else if (row.top + row.height > scroller.scrollTop + height)
      scroller.scrollTop = row.top + row.height - height;
    return true;
  }
}
