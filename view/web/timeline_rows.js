// SPDX-License-Identifier: LGPL-2.1-or-later
// Which lanes are shown below one another: pinned tasks, CPUs, and tasks by process.
import { grouped, visible } from "./dom.js";

// Pixels: of the names to the left, of minimap and times above, and of lanes.
export const GUTTER = 170, MAP = 24, AXIS = 22;
const HEIGHTS = { head: 22, cpu: 32, task: 19 };

// "0,2-5" as a function that tells whether a number is in it; null: it is no such list.
export function numbers(text) {
  const parts = (text || "").trim().split(/\s*,\s*/).filter(Boolean).map(part =>
    /^(\d+)(?:-(\d+))?$/.exec(part));
  if (parts.some(part => !part))
    return null;
  return number => !parts.length || parts.some(([, from, to]) =>
    number >= Number(from) && number <= Number(to ?? from));
}

// A pid, or a part of a name.
export function isTask(model, task, text) {
  const word = text.trim().toLowerCase();
  return !word || String(model.tasks.pid[task]) === word ||
    model.tasks.name[task].toLowerCase().includes(word);
}

function processesOf(model, chosen) {
  const processes = new Map();
  for (const task of chosen) {
    const tgid = model.tasks.tgid[task] ?? model.tasks.pid[task];
    // A process number that was used again is another process.
    const key = tgid + "/" + (model.tasks.name[task] && model.byPid.get(tgid)?.length > 1
      ? model.byPid.get(tgid).findLast(main => model.tasks.begin[main] <= model.tasks.begin[task])
      : "");
    if (!processes.has(key))
      processes.set(key, { key, tgid, tasks: [], ran: 0 });
    const process = processes.get(key);
    process.tasks.push(task);
    process.ran += model.tasks.ran[task];
  }
  return [...processes.values()].sort((a, b) => b.ran - a.ran || a.tgid - b.tgid);
}

function nameOfProcess(model, { tgid, tasks }) {
  const main = tasks.find(task => model.tasks.pid[task] === tgid) ?? tasks[0];
  return visible(`${model.tasks.name[main] || "?"} ${tgid}`);
}

function taskRow(model, task, pinned, indent) {
  return { kind: "task", key: (pinned ? "p" : "t") + task, task, pinned, indent,
    label: model.nameOf(task), lanes: ["t" + task] };
}

/*
 * [{ kind: "head", "cpu" or "task", key, label, top, height, lanes, … }] from the top.
 * options: { cpus, tasks (texts), pins (numbers of tasks), closed (a Set of keys), onlyRan, scale }
 */
export function rowsOf(model, { cpus, tasks, pins, closed, onlyRan, scale }) {
  const rows = [], isCpu = numbers(cpus) || (() => true);
  const head = (key, label, note) => {
    rows.push({ kind: "head", key, label, note, closed: closed.has(key), lanes: [] });
    return !closed.has(key);
  };
  if (pins.length && head("pins", "Pinned", `${pins.length}`))
    rows.push(...pins.map(task => taskRow(model, task, true, 0)));
  const shown = model.cpus.cpu.filter(isCpu);
  const left = model.cpus.cpu.length - shown.length;
  if (head("cpus", "CPUs", `${shown.length}${left ? ` of ${model.cpus.cpu.length}` : ""}`))
    for (const cpu of shown)
      rows.push({ kind: "cpu", key: "c" + cpu, cpu, label: "CPU " + cpu,
        queue: model.cpus.queue[model.cpus.cpu.indexOf(cpu)],
        lanes: ["c" + cpu, "q" + cpu, "w" + cpu] });
  const chosen = [...model.tasks.pid.keys()].filter(task =>
    (!onlyRan || model.tasks.ran[task]) && isTask(model, task, tasks || ""));
  if (head("tasks", "Tasks", chosen.length === model.tasks.pid.length ? grouped(chosen.length)
    : `${grouped(chosen.length)} of ${grouped(model.tasks.pid.length)}`))
    for (const process of processesOf(model, chosen)) {
      const key = "g" + process.key, several = process.tasks.length > 1;
      if (several)
        rows.push({ kind: "head", key, label: nameOfProcess(model, process), indent: 1,
          note: process.tasks.length + " threads", closed: closed.has(key), lanes: [] });
      if (!several || !closed.has(key))
        rows.push(...process.tasks.map(task => taskRow(model, task, false, several ? 2 : 1)));
    }
  let top = 0;
  for (const row of rows) {
    row.top = top;
    row.height = Math.round(HEIGHTS[row.kind] * (row.kind === "head" ? 1 : scale));
    top += row.height;
  }
  return rows;
}

// Those between two heights, a part of them at least.
export function rowsBetween(rows, from, to) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height <= from)
      low = middle + 1;
    else
      high = middle;
  }
  let end = low;
  while (end < rows.length && rows[end].top < to)
    end++;
  return rows.slice(low, end);
}
