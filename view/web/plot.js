// SPDX-License-Identifier: LGPL-2.1-or-later
// The plot: a picture by the server, stretched where the shown window is another one than its own,
// with axes, and pointer and keys that move the window.
import { ticks } from "./axes.js";
import { element } from "./dom.js";

const LEFT = 64, BOTTOM = 34, TOP = 8, RIGHT = 14;
const NEAREST = 4;   // pixels: a shorter drag is a click
const DEEPEST = 1;   // ns, or units of y by 1e6

function clampedZoom(begin, end, at, factor, least) {
  const length = Math.max((end - begin) * factor, least);
  const share = (at - begin) / (end - begin);
  return [at - share * length, at + (1 - share) * length];
}

export class Plot {
  // Told of: onWindow(window, ended), onPoint(null or { px, py, x, y }), onClick().
  constructor({ onWindow, onPoint, onClick }) {
    Object.assign(this, { onWindow, onPoint, onClick });
    this.under = element("canvas", { "aria-hidden": "true" });
    this.over = element("canvas.over", { "aria-hidden": "true" });
    this.root = element("div.plot", { tabIndex: 0, role: "application",
      "aria-label": "Figure: w a s d and arrows move, Shift and arrows move the cross" },
    this.under, this.over);
    this.axes = null;
    this.window = null;
    this.picture = null;
    this.cross = null;
    this.raw = false;
    new ResizeObserver(() => this.resize()).observe(this.root);
    this.listen();
  }

  // axes: { x, y } as the server says; whole: the window that shows all.
  set({ x, y }, whole) {
    this.axes = { x, y };
    this.whole = whole;
    this.drop();
  }

  drop() {
    this.picture?.bitmap.close();
    this.picture = null;
    this.draw();
  }

  show(window) {
    this.window = window;
    this.draw();
  }

  // bitmap of a window, W x H pixels of the screen.
  give(bitmap, window) {
    this.picture?.bitmap.close();
    this.picture = { bitmap, window };
    this.draw();
  }

  get ratio() {
    return Math.min(2, globalThis.devicePixelRatio || 1);
  }

  get inner() {
    const width = this.root.clientWidth, height = this.root.clientHeight;
    return { left: LEFT, top: TOP, width: Math.max(1, width - LEFT - RIGHT),
      height: Math.max(1, height - TOP - BOTTOM) };
  }

  // How many pixels the picture is to have.
  get pixels() {
    const { width, height } = this.inner;
    return { width: Math.max(1, Math.min(4096, Math.round(width * this.ratio))),
      height: Math.max(1, Math.min(4096, Math.round(height * this.ratio))) };
  }

  resize() {
    const width = this.root.clientWidth, height = this.root.clientHeight;
    if (!width || !height)
      return;
    for (const canvas of [this.under, this.over]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
      canvas.style.width = width + "px";
      canvas.style.height = height + "px";
    }
    this.draw();
    if (this.window)
      this.onWindow(this.window, "size");
  }

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  draw() {
    const g = this.under.getContext("2d"), { left, top, width, height } = this.inner;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, this.root.clientWidth, this.root.clientHeight);
    if (!this.window || !this.axes) {
      this.drawOver();
      return;
    }
    g.fillStyle = this.colour("--paper");
    g.fillRect(left, top, width, height);
    this.drawAxes(g, this.inner);
    if (this.picture)
      this.drawPicture(g, this.inner);
    g.strokeStyle = this.colour("--strong-line");
    g.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
    this.drawOver();
  }

  drawPicture(g, { left, top, width, height }) {
    const { bitmap, window: of } = this.picture, now = this.window;
    const sx = width / (now.x1 - now.x0), sy = height / (now.y1 - now.y0);
    g.save();
    g.beginPath();
    g.rect(left, top, width, height);
    g.clip();
    g.imageSmoothingEnabled = false;
    g.drawImage(bitmap, left + (of.x0 - now.x0) * sx, top + (now.y1 - of.y1) * sy,
      (of.x1 - of.x0) * sx, (of.y1 - of.y0) * sy);
    g.restore();
  }

  drawAxes(g, { left, top, width, height }) {
    const { x0, x1, y0, y1 } = this.window, { x, y } = this.axes;
    const along = ticks(x, x0, x1, width / 90, this.raw);
    const up = ticks(y, y0, y1, height / 34, this.raw);
    g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    g.lineWidth = 1;
    g.textBaseline = "top";
    g.textAlign = "center";
    for (const { at, text } of along.ticks) {
      const p = Math.round(left + (at - x0) / (x1 - x0) * width) + 0.5;
      this.line(g, p, top, p, top + height);
      g.fillText(text, p, top + height + 5);
    }
    g.textBaseline = "middle";
    g.textAlign = "right";
    for (const { at, text } of up.ticks) {
      const p = Math.round(top + (y1 - at) / (y1 - y0) * height) + 0.5;
      this.line(g, left, p, left + width, p);
      g.fillText(text, left - 6, p, LEFT - 22);
    }
    const name = (axis, unit) => axis.name + (unit ? ` (${unit})` : "");
    g.fillStyle = this.colour("--text");
    g.textAlign = "center";
    g.textBaseline = "bottom";
    g.fillText(name(x, along.unit), left + width / 2, top + height + BOTTOM - 1, width);
    g.save();
    g.translate(9, top + height / 2);
    g.rotate(-Math.PI / 2);
    g.textBaseline = "middle";
    g.fillText(name(y, up.unit), 0, 0, height);
    g.restore();
  }

  line(g, ax, ay, bx, by) {
    g.strokeStyle = this.colour("--grid");
    g.fillStyle = this.colour("--quiet");
    g.beginPath();
    g.moveTo(ax, ay);
    g.lineTo(bx, by);
    g.stroke();
  }

  // What changes with the pointer: cross and box.
  drawOver() {
    const g = this.over.getContext("2d"), { left, top, width, height } = this.inner;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, this.root.clientWidth, this.root.clientHeight);
    g.strokeStyle = g.fillStyle = this.colour("--cross");
    if (this.cross) {
      const x = Math.round(left + this.cross.px) + 0.5, y = Math.round(top + this.cross.py) + 0.5;
      g.globalAlpha = 0.45;
      g.beginPath();
      g.moveTo(x, top);
      g.lineTo(x, top + height);
      g.moveTo(left, y);
      g.lineTo(left + width, y);
      g.stroke();
      g.globalAlpha = 1;
    }
    if (this.box) {
      const { ax, ay, bx, by } = this.box;
      g.globalAlpha = 0.15;
      g.fillRect(ax, ay, bx - ax, by - ay);
      g.globalAlpha = 1;
      g.strokeRect(ax + 0.5, ay + 0.5, bx - ax, by - ay);
    }
  }

  // A place in the page's pixels from the plot's upper left, as values.
  at(px, py) {
    const { width, height } = this.inner, { x0, x1, y0, y1 } = this.window;
    return { px, py, x: x0 + px / width * (x1 - x0), y: y1 - py / height * (y1 - y0) };
  }

  point(px, py) {
    const { width, height } = this.inner;
    const inside = px >= 0 && py >= 0 && px < width && py < height && this.window;
    this.cross = inside ? { px, py } : null;
    this.drawOver();
    this.onPoint(inside ? this.at(px, py) : null);
  }

  moveCross(dx, dy) {
    const { width, height } = this.inner, from = this.cross || { px: width / 2, py: height / 2 };
    this.point(Math.max(0, Math.min(width - 1, from.px + dx)),
      Math.max(0, Math.min(height - 1, from.py + dy)));
  }

  go(window, why) {
    if (!this.window || ![window.x0, window.x1, window.y0, window.y1].every(Number.isFinite))
      return;
    this.show(window);
    this.onWindow(window, why);
  }

  // factor below 1 zooms in; at: where it stays as it is, the middle of the plot if not said.
  zoom(fx, fy, at, why = "step") {
    if (!this.window)
      return;
    const { x0, x1, y0, y1 } = this.window;
    const { x, y } = at || { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
    const whole = this.whole, much = 4;
    const least = (begin, end, axis) => axis.time ? DEEPEST : Math.max((end - begin) * 1e-9, 1e-9);
    const [nx0, nx1] = fx === 1 ? [x0, x1]
      : clampedZoom(x0, x1, x, fx, least(whole.x0, whole.x1, this.axes.x));
    const [ny0, ny1] = fy === 1 ? [y0, y1]
      : clampedZoom(y0, y1, y, fy, least(whole.y0, whole.y1, this.axes.y));
    const wide = nx1 - nx0 > much * (whole.x1 - whole.x0);
    const high = ny1 - ny0 > much * (whole.y1 - whole.y0);
    this.go({ x0: wide ? x0 : nx0, x1: wide ? x1 : nx1, y0: high ? y0 : ny0, y1: high ? y1 : ny1 },
      why);
  }

  // By shares of what is shown.
  pan(dx, dy, why = "step") {
    if (!this.window)
      return;
    const { x0, x1, y0, y1 } = this.window, x = dx * (x1 - x0), y = dy * (y1 - y0);
    this.go({ x0: x0 + x, x1: x1 + x, y0: y0 + y, y1: y1 + y }, why);
  }

  all() {
    if (this.whole)
      this.go({ ...this.whole }, "step");
  }

  toEdge(end) {
    const { x0, x1, y0, y1 } = this.window, length = x1 - x0;
    const from = end ? this.whole.x1 - length : this.whole.x0;
    this.go({ x0: from, x1: from + length, y0, y1 }, "step");
  }

  place(event) {
    const box = this.root.getBoundingClientRect();
    return { px: event.clientX - box.left - LEFT, py: event.clientY - box.top - TOP };
  }

  wheel(event) {
    event.preventDefault();
    if (!this.window)
      return;
    const { px, py } = this.place(event), { height } = this.inner;
    const delta = (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 33 : 1);
    const factor = Math.exp(Math.max(-240, Math.min(240, delta)) * 0.0022);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.pan((event.deltaX || event.deltaY) / this.inner.width, 0, "move");
      return;
    }
    const onY = px < 0, both = event.altKey, onX = py > height;
    this.zoom(onY && !both ? 1 : factor, both || (onY && !onX) ? factor : 1,
      this.at(Math.max(0, px), Math.min(height, py)), "move");
  }

  listen() {
    const over = this.over;
    let drag = null;
    over.addEventListener("wheel", event => this.wheel(event), { passive: false });
    over.addEventListener("dblclick", () => this.all());
    over.addEventListener("pointerleave", () => {
      if (!drag)
        this.point(-1, -1);
    });
    over.addEventListener("pointerdown", event => {
      if (!this.window || event.button > 1)
        return;
      this.root.focus({ preventScroll: true });
      over.setPointerCapture(event.pointerId);
      drag = { ...this.place(event), from: { ...this.window }, box: event.shiftKey, moved: false };
      event.preventDefault();
    });
    over.addEventListener("pointermove", event => {
      const { px, py } = this.place(event);
      if (!drag) {
        this.point(px, py);
        return;
      }
      drag.moved ||= Math.hypot(px - drag.px, py - drag.py) > NEAREST;
      if (drag.moved && drag.box)
        this.stretchBox(drag, px, py);
      else if (drag.moved)
        this.dragBy(drag, px, py);
    });
    const end = event => {
      if (!drag)
        return;
      const { px, py } = this.place(event), { moved, box } = drag;
      this.root.classList.remove("panning");
      if (event.type === "pointerup" && box && moved)
        this.zoomToBox(drag, px, py);
      else if (event.type === "pointerup" && !moved)
        this.onClick();
      else if (moved)
        this.onWindow(this.window, "ended");
      this.box = drag = null;
      this.drawOver();
    };
    over.addEventListener("pointerup", end);
    over.addEventListener("pointercancel", end);
  }

  dragBy(drag, px, py) {
    const { width, height } = this.inner, { x0, x1, y0, y1 } = drag.from;
    const onX = drag.py > height, onY = drag.px < 0;
    const dx = onY ? 0 : (drag.px - px) / width * (x1 - x0);
    const dy = onX ? 0 : (py - drag.py) / height * (y1 - y0);
    this.root.classList.add("panning");
    this.cross = null;
    this.go({ x0: x0 + dx, x1: x1 + dx, y0: y0 + dy, y1: y1 + dy }, "move");
  }

  within(px, py) {
    const { width, height } = this.inner;
    return [Math.max(0, Math.min(width, px)), Math.max(0, Math.min(height, py))];
  }

  stretchBox(drag, px, py) {
    const [ax, ay] = this.within(drag.px, drag.py), [bx, by] = this.within(px, py);
    this.box = { ax: ax + LEFT, ay: ay + TOP, bx: bx + LEFT, by: by + TOP };
    this.drawOver();
  }

  zoomToBox(drag, px, py) {
    const from = this.at(...this.within(drag.px, drag.py)), to = this.at(...this.within(px, py));
    if (Math.abs(drag.px - px) < NEAREST || Math.abs(drag.py - py) < NEAREST)
      return;
    this.go({ x0: Math.min(from.x, to.x), x1: Math.max(from.x, to.x),
      y0: Math.min(from.y, to.y), y1: Math.max(from.y, to.y) }, "step");
  }
}
