// SPDX-License-Identifier: LGPL-2.1-or-later
// The search box of the timeline: a task, a pid, an event, a time, a CPU, or a condition.
import { element, visible } from "./dom.js";
import { isTask } from "./timeline_rows.js";

const UNITS = { s: 1e9, ms: 1e6, us: 1e3, "µs": 1e3, ns: 1 };
const MOST = 200;   // tasks that are looked for at once

/*
 * What a text asks for: { time }, { lane }, { query, says, lane? } or { error }.
 * lane of a query: "t" and "c" of a row that is found, as found(row) says.
 */
export function understand(model, text) {
  const word = text.trim();
  let match;
  if ((match = /^=\s*(.+)$/.exec(word)))
    return { query: match[1], says: "rows by a condition" };
  if ((match = /^(-?\d+(?:\.\d+)?)\s*(s|ms|us|µs|ns)$/i.exec(word)))
    return { time: Math.round(Number(match[1]) * UNITS[match[2].toLowerCase()]) };
  if ((match = /^@(\d+)$/.exec(word)))
    return { time: Number(BigInt(match[1]) - model.origin) };
  if ((match = /^cpu\s*:?\s*(\d+)$/i.exec(word)))
    return model.cpus.cpu.includes(Number(match[1])) ? { lane: "c" + Number(match[1]) }
      : { error: `There is no CPU ${match[1]}.` };
  const event = model.events.findIndex(name => name?.toLowerCase() === word.toLowerCase());
  if (event >= 0)
    return { query: `event == ${event}`, says: "events " + model.events[event] };
  const tasks = [...model.tasks.pid.keys()].filter(task => isTask(model, task, word));
  if (!word || !tasks.length)
    return { error: word ? `No task, event, CPU or time is ${visible(word)}.` : "" };
  const pids = [...new Set(tasks.slice(0, MOST).map(task => model.tasks.pid[task]))];
  return { query: `event == ${model.events.indexOf("CTX_SWITCH")} and arg0 in [${pids.join(", ")}]`,
    says: tasks.length === 1 ? "1 task" : `${tasks.length} tasks`, lane: "t" + tasks[0] };
}

export class SearchBox {
  // onSearch(text, backwards); onLeave(); onCommand(): ">" was typed first.
  constructor({ onSearch, onLeave, onCommand }) {
    this.input = element("input", { type: "text", id: "timeline-search", spellcheck: false,
      autocomplete: "off", placeholder: "task, pid, event, 1.25s, cpu:3, = condition",
      title: "Enter goes to the next one, Shift+Enter to the one before (/)" });
    this.said = element("span.quiet", { role: "status" });
    this.root = element("div.query.wide", null, element("label", { htmlFor: this.input.id },
      "Search"), this.input, this.said);
    this.input.onkeydown = event => {
      if (event.key === "Enter") {
        event.preventDefault();
        onSearch(this.input.value, event.shiftKey);
      } else if (event.key === "Escape") {
        event.preventDefault();
        onLeave();
      } else if (event.key === ">" && !this.input.value) {
        event.preventDefault();
        onCommand();
      }
    };
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  say(text, isError = false) {
    this.said.textContent = text;
    this.said.classList.toggle("error", isError);
  }
}
