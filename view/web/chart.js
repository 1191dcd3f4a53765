// SPDX-License-Identifier: LGPL-2.1-or-later
// Curves, a pie and a heat map, on canvases; what they say is written as text beside them.
import { element, visible } from "./dom.js";

// Safe for the colour-blind (Okabe and Ito), and on either ground.
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
  "#b8a800", "#8c6bb1", "#4d9221", "#a0522d", "#8a8f98"];

function prepare(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas, scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const g = canvas.getContext("2d"), style = getComputedStyle(canvas);
  g.scale(scale, scale);
  g.font = style.font;
  const ink = style.color, line = style.getPropertyValue("--line").trim();
  return { g, width, height, ink, line };
}

function niceStep(most) {
  const rough = most / 4, ten = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].map(n => n * ten).find(step => step >= rough) || 1;
}

// series: [{ label, points: [[ms, value]] }]; a curve ends where a value is null.
export class Curves {
  constructor(label) {
    this.canvas = element("canvas.curves", { role: "img", "aria-label": label });
    this.legend = element("span.parts");
    this.root = element("div.chart", null, this.legend, this.canvas);
  }

  draw(series, unit) {
    const shown = series.map(({ label, points }, n) => {
      const last = points.at(-1)?.[1];
      const mark = element("span.mark");
      mark.style.background = COLOURS[n % COLOURS.length];
      return element("span.part", null, mark, visible(label), " ",
        element("b", null, last === null || last === undefined ? "–" : `${+last.toFixed(2)} ${unit}`));
    });
    this.legend.replaceChildren(...shown);
    const all = series.flatMap(({ points }) => points);
    const { g, width, height, ink, line } = prepare(this.canvas);
    if (!all.length)
      return;
    const begin = Math.min(...all.map(p => p[0])), end = Math.max(...all.map(p => p[0]), begin + 1);
    const most = Math.max(...all.map(p => p[1] ?? 0), 1e-9), step = niceStep(most);
    const left = 62, foot = 16, x = t => left + (t - begin) / (end - begin) * (width - left - 8);
    const y = v => height - foot - v / (most * 1.05) * (height - foot - 8);
    g.fillStyle = ink;
    g.strokeStyle = line;
    g.textAlign = "right";
    for (let v = 0; v <= most; v += step) {
      g.beginPath();
      g.moveTo(left, y(v));
      g.lineTo(width - 8, y(v));
      g.stroke();
      g.fillText(String(+v.toPrecision(6)), left - 6, y(v) + 4);
    }
    g.fillText(new Date(end).toTimeString().slice(0, 8), width - 8, height - 2);
    g.textAlign = "left";
    g.fillText(new Date(begin).toTimeString().slice(0, 8), left, height - 2);
    g.lineWidth = 1.6;
    series.forEach(({ points }, n) => {
      g.strokeStyle = COLOURS[n % COLOURS.length];
      g.beginPath();
      let on = false;
      for (const [t, v] of points) {
        if (v === null)
          on = false;
        else if (on)
          g.lineTo(x(t), y(v));
        else
          g.moveTo(x(t), y(v));
        on = v !== null;
      }
      g.stroke();
    });
  }
}

// parts: [{ label, value, text }], the largest first.
export class Pie {
  constructor(label) {
    this.canvas = element("canvas.pie", { role: "img", "aria-label": label });
    this.legend = element("ul.pie-legend");
    this.root = element("div.pie-box", null, this.canvas, this.legend);
  }

  draw(parts) {
    const sum = parts.reduce((all, part) => all + part.value, 0);
    const { g, width, height } = prepare(this.canvas), r = Math.min(width, height) / 2 - 2;
    let at = -Math.PI / 2;
    parts.forEach(({ value }, n) => {
      const to = at + (sum ? value / sum : 0) * 2 * Math.PI;
      g.beginPath();
      g.moveTo(width / 2, height / 2);
      g.arc(width / 2, height / 2, r, at, to);
      g.fillStyle = COLOURS[n % COLOURS.length];
      g.fill();
      at = to;
    });
    this.legend.replaceChildren(...parts.map(({ label, text, value }, n) => {
      const mark = element("span.mark");
      mark.style.background = COLOURS[n % COLOURS.length];
      return element("li", null, mark, element("span.name", null, visible(label)),
        element("span.count", null, text), element("span.quiet", null,
          sum ? (100 * value / sum).toFixed(1) + " %" : ""));
    }));
  }
}

// columns: [[share of each lane, 0 to 1, or null]], the oldest first.
export function drawHeat(canvas, columns, lanes) {
  const { g, width, height, ink } = prepare(canvas);
  const left = 44, wide = (width - left) / Math.max(1, columns.length), high = height / lanes;
  columns.forEach((shares, n) => shares.forEach((share, lane) => {
    if (share === null)
      return;
    g.fillStyle = `rgb(0 114 178 / ${(0.06 + 0.94 * Math.min(1, share)).toFixed(3)})`;
    g.fillRect(left + n * wide, lane * high, Math.ceil(wide), Math.max(1, high - 1));
  }));
  g.fillStyle = ink;
  for (let lane = 0; lane < lanes; lane += Math.ceil(14 / high))
    g.fillText("CPU " + lane, 0, lane * high + high / 2 + 4);
}
