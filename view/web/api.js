// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests to the server: with the token, cancelled when something newer is asked for, told of in
// the footer when they take long, and noticed when the server is gone.
import { kept } from "./dom.js";
import * as log from "./log.js";
import { frame } from "./frame.js";

// After so many ms a request is told of, with its progress.
const LONG = 300;
const HEARTBEAT = 10000;

// A request that was given up: by something newer, or by the user (cancelled).
export class Dropped extends Error {
  constructor(cancelled) {
    super(cancelled ? "The request was cancelled." : "The request was replaced by a newer one.");
    this.cancelled = cancelled;
  }
}

// Sentences about conditions say where, counted from 1: query "cpu = 0", column 5: …
function placeIn(text) {
  const found = /query "(?:.|\n)*", column (\d+): /.exec(text);
  return found ? Number(found[1]) - 1 : undefined;
}

// What the server refused: a sentence, and where in a condition it is wrong (characters).
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `The server answered with status ${status}.`);
    this.status = status;
    this.at = answer.at ?? placeIn(this.message);
  }
}

// Of several requests for the same thing only the latest counts.
export class Latest {
  #controller = null;

  start() {
    this.stop();
    this.#controller = new AbortController();
    return this.#controller;
  }

  stop() {
    this.#controller?.abort(new Dropped(false));
    this.#controller = null;
  }
}

// Takes the token out of the address, where a link never has it.
export function takeToken() {
  const match = /[#&]token=([^&]*)/.exec(location.hash);
  if (!match)
    return;
  kept.write("token", decodeURIComponent(match[1]));
  history.replaceState(null, "", location.pathname + location.hash.replace(match[0], "")
    .replace(/^&/, "#"));
}

function headers() {
  const token = kept.read("token");
  return token ? { Authorization: "Bearer " + token } : {};
}

// Numbers of more digits than a double has become texts.
export function parseExact(text) {
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, part =>
    /^-?\d{16,}$/.test(part) ? `"${part}"` : part));
}

function address(path, params) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(params || {}))
    if (value !== null && value !== undefined && value !== "")
      words.set(name, value);
  const text = words.toString();
  return "/api/" + path + (text && "?" + text);
}

// Listeners: working (what takes long: [{ what, done, total, cancel }]), connection, token.
const listeners = { working: [], connection: [], token: [] };

export function on(event, listener) {
  listeners[event].push(listener);
}

function tell(event, ...what) {
  for (const listener of listeners[event])
    listener(...what);
}

const running = new Set();
let nextJob = 0;

function tellWorking() {
  tell("working", [...running].filter(job => job.long));
}

async function pollProgress(job) {
  while (running.has(job)) {
    try {
      const answer = await fetch(address("progress", { job: job.name }),
        { headers: headers(), cache: "no-store" });
      if (answer.ok)
        Object.assign(job, await answer.json());
    } catch {
      // The request itself says what is wrong.
    }
    if (running.has(job)) {
      tellWorking();
      await new Promise(resolve => setTimeout(resolve, LONG));
    }
  }
}

function begin(what, controller) {
  const page = performance.timeOrigin.toString(36).replace(/[^a-z0-9]/g, "").slice(-8);
  const job = { name: "j" + page + nextJob++, what, done: 0, total: 0, long: false, controller };
  job.cancel = () => controller.abort(new Dropped(true));
  job.timer = setTimeout(() => {
    job.long = true;
    tellWorking();
    pollProgress(job);
  }, LONG);
  running.add(job);
  return job;
}

function end(job) {
  clearTimeout(job.timer);
  running.delete(job);
  if (job.long)
    tellWorking();
}

// Whether the server answers; since when it does not.
let lostSince = null, waits = 1000, beating = null;

function lost() {
  if (lostSince)
    return;
  lostSince = new Date();
  log.add("error", "The connection to schedview was lost.");
  tell("connection", lostSince);
  waits = 1000;
  setTimeout(retry, waits);
}

function found() {
  if (!lostSince)
    return;
  lostSince = null;
  log.add("note", "The connection to schedview is back.");
  tell("connection", null);
}

async function retry() {
  try {
    await fetch("/favicon.svg", { cache: "no-store" });
    found();
  } catch {
    waits = Math.min(2 * waits, 30000);
    setTimeout(retry, waits);
  }
}

// While the page is seen it asks now and then whether the server is still there.
export function watch() {
  clearInterval(beating);
  beating = setInterval(() => {
    if (!lostSince && !document.hidden && !running.size)
      fetch("/favicon.svg", { cache: "no-store" }).catch(lost);
  }, HEARTBEAT);
}

async function send(path, params, { read, what, controller, body }, job) {
  const since = performance.now();
  let answer, result;
  try {
    answer = await fetch(address(path, { ...params, job: job.name }), {
      headers: headers(), signal: controller.signal, body, cache: "no-store",
      method: body === undefined ? "GET" : "POST",
    });
    result = answer.ok ? await answer[read]() : await answer.text();
  } catch (error) {
    if (controller.signal.aborted)
      throw controller.signal.reason;
    lost();
    throw new Error(`${what}: schedview does not answer; it may have ended.`);
  }
  found();
  if (answer.status === 401)
    tell("token");
  if (!answer.ok) {
    let told = {};
    try {
      told = JSON.parse(result);
    } catch {
      // Not our server's words; the status has to do.
    }
    throw new Refused(answer.status, told);
  }
  const bytes = Number(answer.headers.get("Content-Length")) || 0;
  log.add("request", what, `${Math.round(performance.now() - since)} ms, ${bytes} B`);
  return result;
}

/*
 * read: how the answer is read, as a method of Response; what: what is done, for people;
 * latest: what this replaces an earlier request of; body: of a POST; quiet: nobody misses it.
 */
async function request(path, params, { read = "text", what = path, latest, body, quiet } = {}) {
  const controller = latest ? latest.start() : new AbortController();
  const job = begin(what, controller);
  try {
    return await send(path, params, { read, what, controller, body }, job);
  } catch (error) {
    if (error instanceof Dropped ? error.cancelled : !quiet)
      log.add(error instanceof Dropped ? "note" : "error",
        error instanceof Refused ? `${what}: ${error.message}` : error.message);
    throw error;
  } finally {
    end(job);
  }
}

export async function json(path, params, options) {
  return parseExact(await request(path, params, options));
}

export function text(path, params, options) {
  return request(path, params, options);
}

export function blob(path, params, options) {
  return request(path, params, { ...options, read: "blob" });
}

export function bytes(path, params, options) {
  return request(path, params, { ...options, read: "arrayBuffer" });
}

export async function table(path, params, options) {
  return frame(await bytes(path, params, options));
}

export function post(path, params, body, options) {
  return json(path, params, { ...options, body });
}
