// SPDX-License-Identifier: LGPL-2.1-or-later
// The view Console: what was asked for, how long it took, notes on the recordings, and errors.
import { button, element, visible } from "./dom.js";
import * as log from "./log.js";
import * as state from "./state.js";

export const title = "Console";
export const root = element("div.view", { id: "console" });

const filter = element("select", { id: "console-filter",
  onchange: () => state.change({ filter: filter.value }) },
element("option", { value: "" }, "everything"),
element("option", { value: "note" }, "notes and errors"),
element("option", { value: "error" }, "errors"));
const list = element("ul.log", { role: "log", tabIndex: 0, "aria-label": "What happened" });

root.append(element("div.tools", null, element("label", null, "Show ", filter),
  button("Clear", () => log.clear())), list);

const KINDS = { "": ["request", "note", "error"], note: ["note", "error"], error: ["error"] };

function draw() {
  const kinds = KINDS[filter.value];
  const isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 30;
  const lines = log.all().filter(entry => kinds.includes(entry.kind));
  list.replaceChildren(...lines.map(({ time, kind, text, more }) => element("li", null,
    element("span.quiet", null, time.toTimeString().slice(0, 8) + "." +
      String(time.getMilliseconds()).padStart(3, "0")),
    element("span.kind-" + kind, null, kind), element("span.text", null, visible(text)),
    element("span.quiet", null, more))));
  if (!lines.length)
    list.replaceChildren(element("li.empty", null, "Nothing yet."));
  if (isAtEnd)
    list.scrollTop = list.scrollHeight;
}

log.onChange(() => {
  if (root.isConnected)
    draw();
});

export function show() {
  return update();
}

export function hide() {}

export function search() {
  filter.focus();
}

export function update() {
  filter.value = state.get("filter") || "";
  draw();
}
