// SPDX-License-Identifier: LGPL-2.1-or-later
// Above all views of a running system: how it is, what is missing, what watching costs, and whether
// it is recorded.
import { button, element, grouped, visible } from "./dom.js";
import { provide } from "./commands.js";
import * as live from "./live.js";

const GIB = 2 ** 30;

function size(bytes) {
  return bytes >= GIB ? (bytes / GIB).toFixed(1) + " GiB" : (bytes / 2 ** 20).toFixed(0) + " MiB";
}

function rate(number) {
  return number === null ? "–" : grouped(Math.round(number));
}

function share(number) {
  return number === null ? "–" : number.toFixed(1) + " %";
}

// [label, value, what it means]
function figures(system) {
  const used = system.memory_total_bytes - system.memory_available_bytes;
  const swap = system.swap_total_bytes ? `, swap ${size(system.swap_total_bytes - system.swap_free_bytes)}` : "";
  return [
    ["load", [system.load_1, system.load_5, system.load_15].map(n => n?.toFixed(2) ?? "–").join(" "),
      "tasks that run, wait or are blocked: means of 1, 5 and 15 minutes"],
    ["memory", `${size(used)} of ${size(system.memory_total_bytes)}${swap}`,
      "in use: all but what is available for programs"],
    ["pressure", `CPU ${share(system.pressure_cpu)}, memory ${share(system.pressure_memory)}, ` +
      `I/O ${share(system.pressure_io)}`,
    "of the last 10 s, the time in which some task waited for it"],
    ["runnable", rate(system.runnable), "tasks that run or wait for a CPU"],
    ["blocked", rate(system.blocked), "tasks that wait for a device"],
    ["forks/s", rate(system.forks), "tasks made in a second"],
    ["switches/s", rate(system.switches), "context switches in a second, of all CPUs"],
    ["interrupts/s", rate(system.interrupts), "interrupts in a second, of all CPUs"],
  ];
}

// What is missing, and what it costs: always seen, also where there is nothing.
function doubts(system) {
  const lost = system.lost || system.gaps;
  return [
    ["lost", lost ? `${grouped(system.lost)} records in ${grouped(system.gaps)} gaps` : "none",
      "records that were not taken out of the kernel's buffers in time: figures have bounds", lost],
    ["skipped", grouped(live.skipped),
      "updates that this window did not take in time, and so did not get", live.skipped],
    ["recorder", share(system.recorder_cpu) + ", viewer " + share(system.viewer_cpu),
      "of one CPU, what recording and making these tables takes", false],
  ];
}

function parts(list) {
  return list.map(([label, value, about, bad]) => element("span.part" + (bad ? ".bad" : ""),
    { title: about }, element("span.quiet", null, label + " "), value));
}

const state = element("span.recording", { role: "status" });
const toggle = button("", () => switchRecording(), { id: "record" });
const system = element("span.parts"), doubt = element("span.parts", { id: "doubts" });
export const root = element("div.strip", null, state, toggle, system, doubt);

function switchRecording() {
  live.order({ recording: live.recorder?.recording ? "stop" : "start" });
}

function sentence({ recording, command, exit_status: status, file }) {
  const what = command === null ? "" : visible(command) +
    (status === null ? "" : ` ended with ${status}`);
  return [recording ? "recording" : "stopped", what, file && "to " + visible(file)]
    .filter(Boolean).join(", ");
}

function draw() {
  const { recorder } = live;
  state.textContent = recorder ? sentence(recorder) : "no recording yet";
  state.classList.toggle("on", !!recorder?.recording);
  toggle.textContent = recorder?.recording ? "Stop" : "Start";
  toggle.title = (recorder?.recording ? "Stop recording" : "Record again, from nothing") + " (Shift+R)";
  toggle.disabled = !recorder;
  if (!live.system)
    return;
  system.replaceChildren(...parts(figures(live.system)));
  doubt.replaceChildren(...parts(doubts(live.system)));
}

live.on("system", draw);
live.on("skipped", draw);
provide({ "live.record": switchRecording });
draw();
