// SPDX-License-Identifier: LGPL-2.1-or-later
// What stands below the lanes: details of the selection, tables of the area, or events.
import { button, dialog, element, kept, say } from "./dom.js";
import { Grid } from "./grid.js";
import * as state from "./state.js";
import { Area } from "./timeline_area.js";
import { details } from "./timeline_details.js";
import { difference } from "./timeline_difference.js";
import { conditionOf, Events } from "./timeline_events.js";

const TABS = { details: "Details", area: "Area", events: "Events" };

export class Drawer {
  // go(lane, at), onEvent(time, row, cpu), selection().
  constructor({ go, onEvent, selection }) {
    Object.assign(this, { go, selection });
    this.tables = [new Area(), new Area()];
    this.differing = new Grid({ label: "Difference", key: "area.difference",
      empty: "There is no difference.", onSort: sort => this.showDifference(sort),
      onColumns: () => this.showDifference() });
    this.difference = element("div.view", { id: "timeline-difference", hidden: true },
      element("div.drawer-tools", null, element("strong", null, "Difference"),
        element("span.quiet", null, "the second recording's figure less the first one's")),
      this.differing.root);
    this.area = element("div.beside", null, ...this.tables.map(table => table.root),
      this.difference);
    this.events = new Events(onEvent);
    this.details = element("div.details-place");
    this.places = { details: this.details, area: this.area, events: this.events.root };
    this.tabs = Object.entries(TABS).map(([name, label]) => button(label, () =>
      state.change({ below: name }, { replace: true }), { role: "tab", "data-tab": name }));
    this.copyButton = button("Copy", () => this.copy());
    this.tableLink = element("a", { href: "#" }, "In tables");
    this.place = element("div.drawer-place", { role: "tabpanel" });
    this.root = element("section.drawer", { "aria-label": "About the selection" },
      element("div.drawer-tabs", { role: "tablist" }, ...this.tabs, element("span.space"),
        this.tableLink, this.copyButton, button("Close", () => this.toggle(),
          { title: "q" })), this.place);
    this.closed = kept.read("timeline.closed") === true;
  }

  // Shows a tab, or what is selected again; without one, opens or closes all of it.
  toggle(tab = null) {
    const isShown = !this.closed && state.get("below") === tab;
    this.closed = !tab && !this.closed;
    kept.write("timeline.closed", this.closed);
    state.change(tab ? { below: isShown ? null : tab } : {}, { replace: true });
  }

  // areas: of each recording, or null.
  update({ pane, selection, areas, time }) {
    const wanted = state.get("below");
    const tab = wanted || (areas ? "area" : "details");
    const isEmpty = !wanted && !selection && !areas;
    this.root.hidden = this.closed || isEmpty;
    this.copyButton.hidden = this.tableLink.hidden = tab !== "details" || !selection;
    for (const button of this.tabs)
      button.setAttribute("aria-selected", button.dataset.tab === tab);
    if (this.root.hidden)
      return;
    if (!this.places[tab].isConnected)
      this.place.replaceChildren(this.places[tab]);
    if (tab === "details")
      this.showDetails(pane, selection);
    else if (tab === "area")
      this.showAreas(areas);
    else if (!this.isAtEvent)
      this.events.show(pane.model, state.get("lane"), time);
    this.isAtEvent = false;
  }

  showDetails(pane, selection) {
    this.text = "";
    if (!selection) {
      this.details.replaceChildren(element("p.empty", null, "Nothing is selected."));
      return;
    }
    const { root, text } = details(pane.model, selection.lane, selection, this.go);
    this.details.replaceChildren(root);
    this.text = text;
    const of = selection.of_task, span = of?.span || selection.span;
    this.tableLink.href = state.address("tables", { analysis: of ? "tasks" : "cpus", table: null,
      window: `${pane.model.stamp(span.begin)}:${pane.model.stamp(span.end)}`,
      pid: of ? pane.model.tasks.pid[of.task] : null, comm: null, cpu: null });
  }

  showAreas(areas) {
    if (!areas) {
      this.place.replaceChildren(element("p.empty", null, "Drag over the lanes: an area of time."));
      return;
    }
    const shown = this.tables.map((table, n) => {
      table.root.hidden = !areas[n];
      return areas[n] && table.show(areas[n].of, areas[n], state.get("show"), areas.length > 1);
    });
    this.difference.hidden = areas.length < 2;
    if (areas.length > 1)
      Promise.all(shown).then(() => this.showDifference());
  }

  showDifference(sort = null) {
    const [one, other] = this.tables.map(table => table.answer);
    const made = one && other && one.table === other.table && difference(one, other);
    this.differing.root.hidden = !made;
    if (made)
      this.differing.set(made.columns, made.rows, { sort });
  }

  // The event of that row, which was just chosen.
  showEvent(pane, lane, time, row) {
    if (this.root.hidden || state.get("below") !== "events")
      return;
    this.isAtEvent = true;
    this.events.show(pane.model, lane, time, row);
  }

  condition(model, lane) {
    return this.events.own.checked ? conditionOf(model, lane) : "";
  }

  async copy() {
    if (!this.text)
      return;
    try {
      await navigator.clipboard.writeText(this.text);
      say("The details are copied.");
    } catch {
      const made = dialog("Details", "link", [element("textarea", { value: this.text, rows: 12,
        cols: 80, readOnly: true, "aria-label": "Details" })],
      [button("Close", () => made.close(), { className: "main" })]);
      made.querySelector("textarea").select();
    }
  }
}
