// SPDX-License-Identifier: LGPL-2.1-or-later
// What is drawn on lanes in which colour and pattern: those of pictures by plots/style.c.

// Of every lane, as the server numbers it.
export const UNKNOWN = 2 ** 32 - 1, IDLE = UNKNOWN - 1, LOST = UNKNOWN - 2, CLOCK = UNKNOWN - 3,
  OFFLINE = UNKNOWN - 4, LASTING = UNKNOWN - 5, FIRST_SPECIAL = UNKNOWN - 15;
// Behind the states of tasks; of a CPU that idles while others wait.
export const LASTS = 16, WASTE = UNKNOWN - 14;

export const PATTERNS = { up: 1, down: 2, cross: 3, dots: 4, flat: 5 };

// [colour, pattern, colour of the pattern]
const STATES = [
  ["#0072b2"], ["#e69f00", "up", "#a36f00"], ["#d55e00", "down", "#8f3f00"],
  ["#f0e442", "dots", "#000000"], ["#f3cf8f", "flat", "#b67d00"], ["#cfe7f7"], ["#e2e2e2"],
  ["#cc79a7", "cross", "#8a4a6d"], ["#222222"], ["#009e73", "flat", "#006247"],
];
const SPECIALS = new Map([
  [UNKNOWN, ["#ffffff", "cross", "#a0a0a0"]], [IDLE, ["#eeeeee"]],
  [LOST, ["#f3d9d9", "cross", "#882255"]], [CLOCK, ["#f3d9d9", "flat", "#882255"]],
  [OFFLINE, ["#7f7f7f"]], [LASTING, ["#8fd0bd", "down", "#009e73"]],
  [WASTE, ["#fbd3c0", "up", "#d55e00"]],
]);
// In the dark, what is nothing is not bright.
const DARK = new Map([
  [UNKNOWN, ["#1b1f24", "cross", "#6d747e"]], [IDLE, ["#2b3037"]],
  [LOST, ["#3a2228", "cross", "#d0779a"]], [CLOCK, ["#3a2228", "flat", "#d0779a"]],
  [WASTE, ["#4a2c1e", "up", "#f08a4b"]],
]);
const DARK_STATES = new Map([[5, ["#24435a"]], [6, ["#3a3f46"]], [8, ["#c9ccd1"]]]);
const QUEUES = ["#c6dbef", "#6baed6", "#2171b5", "#08306b", "#000000"];
const DARK_QUEUES = ["#2c4a66", "#3f7fb5", "#7fb8e6", "#c4e0f7", "#ffffff"];
const CYCLE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442",
  "#8fd0bd", "#e8c3d8", "#4d7ea8", "#f7e0b0", "#a98fd1", "#7fa65a", "#c0574f", "#b09060"];
const PRIORITIES = [
  ["deadline", p => p < 0, "#000000"], ["real time", p => p < 100, "#d55e00"],
  ["raised (nice below 0)", p => p < 120, "#e69f00"], ["usual (nice 0)", p => p === 120, "#0072b2"],
  ["lowered (nice above 0)", p => p > 120, "#56b4e9"],
];

// What the lanes of CPUs may be coloured by.
export const MODES = { name: "name", task: "task", process: "process", priority: "priority",
  state: "running or not" };

export const MEANINGS = new Map([[UNKNOWN, "unknown"], [IDLE, "idle"], [LOST, "records lost"],
  [CLOCK, "the clock was set back"], [OFFLINE, "offline"],
  [LASTING, "goes on, no end seen"], [WASTE, "idle while others wait"]]);

function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++)
    value = Math.imul(value ^ text.charCodeAt(i), 16777619) >>> 0;
  return value;
}

const paints = new Map();

// { fill, mark, pattern, text }: little-endian pixels, and the colour of a text on it.
function paint([colour, pattern, mark]) {
  const key = colour + pattern + mark;
  if (!paints.has(key)) {
    const parts = word => [1, 3, 5].map(at => parseInt(word.slice(at, at + 2), 16));
    const pixel = ([r, g, b]) => (0xff000000 | b << 16 | g << 8 | r) >>> 0;
    const [r, g, b] = parts(colour);
    paints.set(key, { css: colour, fill: pixel([r, g, b]), mark: pixel(parts(mark || colour)),
      markCss: mark, pattern: PATTERNS[pattern] || 0,
      text: 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000000" : "#ffffff" });
  }
  return paints.get(key);
}

export class Colours {
  constructor(model, mode, dark) {
    Object.assign(this, { model, mode, dark });
    this.ofTasks = new Map();
  }

  special(what) {
    return paint(this.dark && DARK.get(what) || SPECIALS.get(what) || SPECIALS.get(UNKNOWN));
  }

  state(what) {
    if (what >= FIRST_SPECIAL)
      return this.special(UNKNOWN);
    if (what >= LASTS)
      return this.special(LASTING);
    return paint(this.dark && DARK_STATES.get(what) || STATES[what] || STATES[5]);
  }

  queue(length) {
    if (length >= FIRST_SPECIAL)
      return this.special(UNKNOWN);
    const rank = length > 8 ? 4 : length > 4 ? 3 : length > 2 ? 2 : length - 1;
    return length ? paint([(this.dark ? DARK_QUEUES : QUEUES)[rank]]) : null;
  }

  task(number) {
    if (!this.ofTasks.has(number))
      this.ofTasks.set(number, paint([this.colourOf(this.model.tasks, number)]));
    return this.ofTasks.get(number);
  }

  colourOf(tasks, number) {
    const key = { name: tasks.name[number] || "", task: "task" + tasks.pid[number],
      process: "process" + (tasks.tgid[number] ?? tasks.pid[number]) }[this.mode];
    if (this.mode === "priority") {
      const priority = tasks.prio[number];
      return PRIORITIES.find(([, is]) => priority !== null && is(priority))?.[2] || "#a6a6a6";
    }
    return this.mode === "state" ? "#0072b2" : CYCLE[hash(key) % CYCLE.length];
  }

  run(what) {
    return what < FIRST_SPECIAL ? this.task(what) : this.special(what);
  }

  // [{ label, paint }] of what the lanes in sight can have, but for tasks.
  legend(states) {
    const list = states.map((name, n) => ({ label: name === "idle" ? "idle kernel thread" : name,
      paint: this.state(n) }));
    list.push({ label: "in the state that it ends in", paint: this.state(LASTS) });
    for (const what of [IDLE, WASTE, UNKNOWN, LOST, CLOCK, OFFLINE])
      list.push({ label: MEANINGS.get(what), paint: this.special(what) });
    const queues = { 1: "run queue of 1", 2: "of 2", 3: "of 3 or 4", 5: "of 5 to 8", 9: "of more" };
    for (const [length, label] of Object.entries(queues))
      list.push({ label, paint: this.queue(Number(length)) });
    if (this.mode === "priority")
      list.push(...PRIORITIES.map(([label, , colour]) => ({ label, paint: paint([colour]) })));
    return list;
  }
}

// A paint as a canvas's fill, for the legend.
export function swatch(canvas, { css, markCss, pattern }) {
  const g = canvas.getContext("2d"), { width, height } = canvas;
  g.fillStyle = css;
  g.fillRect(0, 0, width, height);
  if (!pattern)
    return;
  g.fillStyle = markCss;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (isMarked(pattern, x, y))
        g.fillRect(x, y, 1, 1);
}

// Where a pattern has its marks.
export function isMarked(pattern, x, y) {
  switch (pattern) {
    case PATTERNS.up: return (x + y) % 6 === 0;
    case PATTERNS.down: return (x - y + 6000) % 6 === 0;
    case PATTERNS.cross: return (x + y) % 8 === 0 || (x - y + 8000) % 8 === 0;
    case PATTERNS.dots: return x % 5 === 0 && y % 5 === 0;
    case PATTERNS.flat: return y % 4 === 0;
    default: return false;
  }
}
