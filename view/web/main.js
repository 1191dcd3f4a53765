// SPDX-License-Identifier: LGPL-2.1-or-later
// The page: token, header and footer, and which view is shown.
import * as api from "./api.js";
import * as app from "./app.js";
import * as commands from "./commands.js";
import { button, dialog, element, grouped, kept, say, sentence, visible } from "./dom.js";
import * as log from "./log.js";
import * as state from "./state.js";
import * as recordings from "./recordings.js";
import * as figure from "./figure.js";
import * as tables from "./tables.js";
import * as variables from "./variables.js";
import * as statistics from "./statistics.js";
import * as console from "./console.js";
import * as live from "./live.js";
import * as liveCpus from "./live_cpus.js";
import * as liveFaults from "./live_faults.js";
import * as liveMemory from "./live_memory.js";
import * as liveMigrations from "./live_migrations.js";
import * as liveStacks from "./live_stacks.js";
import * as liveTasks from "./live_tasks.js";
import * as strip from "./strip.js";
import * as timeline from "./timeline.js";

const OF_RECORDINGS = { recordings, figure, tables, variables, statistics, console, timeline };
const OF_RUNNING = { tasks: liveTasks, migrations: liveMigrations, memory: liveMemory,
  faults: liveFaults, stacks: liveStacks, cpus: liveCpus, console };
let VIEWS = OF_RECORDINGS;
const part = id => document.getElementById(id);
let shown = null;

// light, dark, or null: as the system has it
const THEMES = { null: "auto", light: "light", dark: "dark" };
const system = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const theme = kept.read("theme");
  document.documentElement.dataset.theme = theme || (system.matches ? "dark" : "light");
  part("theme").textContent = "Colours: " + (THEMES[theme] || THEMES.null);
  part("theme").title = "Colours: light, dark, or as the system has them (t)";
  for (const view of Object.values(VIEWS))
    view.themed?.();
}

function nextTheme() {
  const next = { null: "light", light: "dark", dark: null }[kept.read("theme")];
  kept.write("theme", next ?? null);
  paint();
  say("colours: " + THEMES[next ?? null]);
}

function choices() {
  document.querySelector(".chosen").hidden = app.isLive;
  if (app.isLive)
    return;
  const select = part("recording"), chosen = app.chosen(), word = state.get("recording");
  select.replaceChildren(...app.all().map(recording => element("option",
    { value: app.wordOf(recording), disabled: !!recording.error }, visible(recording.name))));
  if (!chosen)
    select.prepend(element("option", { value: word || "", selected: true },
      word ? visible(word) + (app.isKnown() ? " (not there)" : "") : "none"));
  select.value = chosen ? app.wordOf(chosen) : word || "";
}

function facts() {
  if (app.isLive)
    return;
  const recording = app.chosen(), notes = recording?.notes || [];
  const known = recording ? [recording.command, app.lengthText(recording.length_ns),
    recording.rows && grouped(recording.rows) + " rows", recording.cpus && recording.cpus + " CPUs",
    recording.host, recording.kernel].filter(Boolean) : [];
  part("facts").textContent = visible(known.join(" · "));
  part("facts").title = part("facts").textContent;
  part("notes").hidden = !notes.length;
  part("notes").textContent = notes.length === 1 ? "1 note" : notes.length + " notes";
}

function showNotes() {
  const recording = app.chosen();
  const made = dialog("What is to know of " + visible(recording.name), "recording-notes",
    recording.notes.map(note => sentence(note, "warning")),
    [button("Close", () => made.close(), { className: "main" })]);
}

async function showView() {
  const name = state.view(), view = VIEWS[name];
  for (const link of part("views").children) {
    link.href = state.address(link.dataset.view);
    if (link.dataset.view === name)
      link.setAttribute("aria-current", "page");
    else
      link.removeAttribute("aria-current");
  }
  const recording = app.chosen();
  const of = recording ? " of " + visible(recording.name) : "";
  document.title = `${view.title}${app.isLive ? " of the running system" : of} – schedview`;
  choices();
  facts();
  if (view === shown) {
    await view.update();
  } else {
    shown?.hide();
    shown = view;
    part("main").replaceChildren(view.root);
    await view.show();
  }
  facts();
}

// Whatever goes wrong here is a fault of the page, and is said.
function refresh() {
  showView().catch(error => {
    if (!(error instanceof api.Dropped))
      log.add("error", error.message);
  });
}

function banner(...content) {
  part("banner").replaceChildren(...content);
  part("banner").hidden = !content.length;
}

function askForToken() {
  banner("The server wants its token: open the address that schedview printed when it was " +
    "started, with all that stands behind the #.");
}

async function askAgain() {
  try {
    await app.forget();
    for (const view of Object.values(VIEWS))
      view.forget?.();
    refresh();
    say("asked again");
  } catch (error) {
    log.add("error", error.message);
  }
}

function connection(since) {
  document.body.classList.toggle("stale", !!since);
  if (since)
    banner(`schedview has not answered since ${since.toTimeString().slice(0, 8)}: what is shown ` +
      "is from before. The page keeps trying.");
  else
    banner();
  if (!since)
    askAgain();
}

function working(jobs) {
  const job = jobs[0];
  part("working").hidden = !job;
  document.querySelector("footer").hidden = app.isLive && !job;
  if (!job)
    return;
  const bar = part("working-bar"), share = job.total ? job.done / job.total : null;
  part("working-what").textContent = visible(job.what) +
    (share === null ? "" : ` ${Math.floor(100 * share)} %`);
  if (share === null)
    bar.removeAttribute("value");
  else
    bar.value = share;
  part("working-cancel").onclick = () => job.cancel();
  current = job;
}

let current = null;

async function copyLink() {
  const link = state.link();
  try {
    await navigator.clipboard.writeText(link);
    say("The link is copied.");
  } catch {
    // Without the clipboard, as where the page is not on loopback: to be copied by hand.
    const made = dialog("Link to what is shown", "link",
      [element("input", { type: "text", value: link, readOnly: true, size: 80,
        "aria-label": "Link" })], [button("Close", () => made.close(), { className: "main" })]);
    made.querySelector("input").select();
  }
}

function provideCommands() {
  commands.provide({
    ...Object.fromEntries(Object.keys(VIEWS).map(name =>
      ["view." + name, () => state.change({}, { view: name })])),
    search: () => shown?.search(),
    "copy-link": copyLink,
    theme: nextTheme,
    refresh: askAgain,
    cancel: () => current?.cancel(),
  });
}

function prepare() {
  part("views").replaceChildren(...Object.entries(VIEWS).map(([name, view]) =>
    element("a", { href: "#/" + name, "data-view": name }, view.title)));
  part("recording").onchange = event => state.change({ recording: event.target.value, x: null,
    y: null, off: null, window: null, lane: null, at: null, area: null, pin: null },
  { view: shown === recordings ? "figure" : state.view() });
  part("palette-open").onclick = () => commands.run("palette");
  part("palette-open").title = "Commands by name (>)";
  part("help-open").onclick = () => commands.run("help");
  part("theme").onclick = nextTheme;
  part("notes").onclick = showNotes;
  app.onOpen(facts);
  document.querySelector(".skip").onclick = event => {
    event.preventDefault();
    part("main").focus();
  };
  system.addEventListener("change", paint);
  api.on("connection", connection);
}

// What may happen from the first question on.
function listen() {
  api.on("working", working);
  api.on("token", askForToken);
  addEventListener("unhandledrejection", event => {
    if (event.reason instanceof api.Dropped)
      event.preventDefault();
    else
      log.add("error", String(event.reason?.message || event.reason));
  });
}

function startLive() {
  part("strip").hidden = false;
  document.querySelector("footer").hidden = true;
  part("strip").replaceChildren(strip.root);
  live.on("connection", since => {
    document.body.classList.toggle("stale", !!since);
    if (since)
      banner(`schedview has not answered since ${since.toTimeString().slice(0, 8)}: what is ` +
        "shown is from before. The page keeps trying.");
    else
      banner();
  });
  live.start();
}

async function start() {
  api.takeToken();
  listen();
  paint();
  try {
    await app.load();
  } catch {
    // The view says why.
  }
  if (app.isLive)
    VIEWS = OF_RUNNING;
  prepare();
  provideCommands();
  commands.listen();
  if (app.isLive)
    startLive();
  addEventListener("popstate", () => {
    // An address with another token, pasted into this window.
    if (/[#&]token=/.test(location.hash))
      location.reload();
  });
  state.start(app.isLive ? "tasks" : app.all().length === 1 ? "figure" : "recordings",
    Object.keys(VIEWS));
  state.onChange(refresh);
  if (!app.isLive)
    api.watch();
  refresh();
}

start();
