// SPDX-License-Identifier: LGPL-2.1-or-later
// What all views of a running system have: the interval, a pause of what is shown, a way back
// through the last minutes, and a table whose rows stay where they are while one points at them.
import { provide } from "./commands.js";
import { button, element, say } from "./dom.js";
import * as live from "./live.js";
import * as state from "./state.js";

const INTERVALS = ["0.1", "0.2", "0.5", "1", "2", "5", "10", "30", "60"];

export let current = null;

/*
 * name: of the view, and what the server calls it; draw(update, history): shows an update, one that
 * came or one that is gone back to; reset(): another view, interval or recording begins.
 */
export class LiveView {
  #at = null;        // the update that is shown while paused or gone back to

  constructor(name, { draw, reset, tools = [], content }) {
    Object.assign(this, { name, draw, reset });
    this.interval = element("select", { "aria-label": "Interval",
      onchange: () => state.change({ interval: this.interval.value }) },
    ...INTERVALS.map(value => element("option", { value }, value + " s")));
    this.pause = button("Pause", () => this.togglePause(),
      { title: "Stop what is shown; what happens goes on being counted (Shift+Z)" });
    this.slider = element("input", { type: "range", min: 0, max: 0, value: 0,
      "aria-label": "Back through the last updates", oninput: () => this.#goBack() });
    this.when = element("span.when");
    this.root = element("div.view", { id: name },
      element("div.tools", null, element("label", null, "Every ", this.interval), this.pause,
        element("label", null, "Back ", this.slider), this.when, ...tools),
      ...[].concat(content));
  }

  show() {
    current = this;
    return this.update();
  }

  hide() {
    this.#at = null;
    live.watch("", 2);
  }

  update() {
    const interval = state.get("interval") || "2";
    this.interval.value = INTERVALS.includes(interval) ? interval : "2";
    if (this.watching !== this.interval.value) {
      this.watching = this.interval.value;
      this.reset?.();
    }
    live.watch(this.name, Number(this.interval.value));
    this.#show(this.#at ?? live.history.at(-1));
  }

  get isPaused() {
    return this.#at !== null;
  }

  togglePause() {
    this.#at = this.#at ? null : live.history.at(-1) ?? null;
    this.#show(this.#at ?? live.history.at(-1));
  }

  #goBack() {
    const n = Number(this.slider.value);
    this.#at = n === live.history.length - 1 ? null : live.history[n];
    this.reset?.(true);
    this.#show(live.history[n]);
  }

  take(update) {
    if (update.number === 1)
      this.reset?.();
    this.#show(this.#at ?? update);
  }

  // The same again, in other colours or by other choices.
  redraw() {
    this.drawn = null;
    if (this.root.isConnected)
      this.#show(this.#at ?? live.history.at(-1));
  }

  #show(update) {
    const at = live.history.indexOf(update);
    this.slider.max = Math.max(0, live.history.length - 1);
    this.slider.value = at < 0 ? 0 : at;
    this.slider.disabled = live.history.length < 2;
    this.pause.setAttribute("aria-pressed", this.isPaused);
    this.pause.textContent = this.isPaused ? "Go on" : "Pause";
    this.root.classList.toggle("past", this.isPaused);
    if (!update) {
      this.when.textContent = "waiting for the first update";
      return;
    }
    const back = (live.history.at(-1).time - update.time) / 1000;
    this.when.textContent = new Date(update.time).toTimeString().slice(0, 8) + " · " +
      (update.number === 1 ? "since the recording began, " : "") + update.seconds.toFixed(1) + " s" +
      (this.isPaused ? ` · ${back.toFixed(0)} s ago` : "");
    if (this.drawn === update)
      return;
    this.drawn = update;
    this.draw(update);
    this.root.dataset.drawn = update.number;
  }
}

function step(by) {
  const n = Number(current.slider.value) + by;
  current.slider.value = n;
  current.slider.dispatchEvent(new Event("input"));
}

function stepInterval(by) {
  const n = INTERVALS.indexOf(current.interval.value) + by;
  if (INTERVALS[n]) {
    state.change({ interval: INTERVALS[n] });
    say(`every ${INTERVALS[n]} seconds`);
  }
}

provide({
  "live.pause": () => current.togglePause(),
  "live.faster": () => stepInterval(-1),
  "live.slower": () => stepInterval(1),
  "live.back": () => step(-1),
  "live.forward": () => step(1),
});

live.on("update", update => {
  if (current?.name === update.view)
    current.take(update);
});
