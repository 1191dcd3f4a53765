// SPDX-License-Identifier: LGPL-2.1-or-later
// The categories of a figure, with how many rows they have; each can be switched off.
import { button, element, grouped, sentence, visible } from "./dom.js";

// Colours come from instruction files: drawn, so that no style is ever made of their text.
function swatch(color) {
  const made = element("canvas", { width: 14, height: 14, "aria-hidden": "true" });
  const g = made.getContext("2d");
  g.fillStyle = color;
  g.fillRect(0, 0, 14, 14);
  return made;
}

export class Legend {
  // onSwitch(off): the set of numbers of those that are off.
  constructor(onSwitch) {
    this.onSwitch = onSwitch;
    this.list = element("ul");
    this.failed = element("div");
    this.root = element("section.legend", { "aria-label": "Categories" },
      element("h2", null, "Categories", element("span.space"),
        button("all", () => this.onSwitch(new Set()), { className: "link" }),
        button("none", () => this.onSwitch(new Set(this.categories.keys())),
          { className: "link" })),
      this.list, this.failed);
    this.categories = [];
  }

  set(categories, off) {
    const same = this.categories === categories;
    this.categories = categories;
    if (same) {
      this.mark(off);
      return;
    }
    this.boxes = new Map();
    const lines = [];
    categories.forEach((category, n) => {
      if (category.failed || category.rows === 0)
        return;
      const box = element("input", { type: "checkbox", onchange: () => this.change(n) });
      this.boxes.set(n, box);
      lines.push(element("li", null, element("label", {
        title: visible(category.label) + ": a click with Shift leaves only this one on",
        onclick: event => this.only(event, n),
      }, box, swatch(category.color), element("span.name", null, visible(category.label)),
      element("span.count", null, category.rows === null ? "" : grouped(category.rows)))));
    });
    this.list.replaceChildren(...lines);
    const without = categories.filter(c => !c.failed && c.rows === 0).map(c => visible(c.label));
    this.failed.replaceChildren(
      ...categories.filter(c => c.failed).map(c =>
        sentence(`${c.label} is left out: ${c.failed}`, "warning")),
      ...without.length ? [element("p.sentence.quiet", null,
        "no rows: " + without.join(", "))] : []);
    this.mark(off);
  }

  mark(off) {
    this.off = off;
    for (const [n, box] of this.boxes) {
      box.checked = !off.has(n);
      box.closest("li").classList.toggle("off", off.has(n));
    }
  }

  change(n) {
    const off = new Set(this.off);
    if (!off.delete(n))
      off.add(n);
    this.onSwitch(off);
  }

  only(event, n) {
    if (!event.shiftKey)
      return;
    event.preventDefault();
    const others = [...this.boxes.keys()].filter(other => other !== n);
    this.onSwitch(others.every(other => this.off.has(other)) ? new Set() : new Set(others));
  }
}
