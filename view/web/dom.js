// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements made by script. What comes from a recording is text and never markup: nothing here, and
// nowhere else, reads HTML.

// element("button.main", { type: "button", onclick: f }, "Draw", child…)
export function element(kind, members, ...children) {
  const [tag, ...classes] = kind.split("."), made = document.createElement(tag);
  if (classes.length)
    made.className = classes.join(" ");
  for (const [name, value] of Object.entries(members || {})) {
    if (value === undefined || value === null)
      continue;
    if (name.startsWith("on") || name in made && !name.includes("-"))
      made[name] = value;
    else
      made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

const HIDDEN = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]", "g");

// Control characters and those that change the direction of what stands beside them, made seen.
export function visible(text) {
  return String(text).replace(HIDDEN, character => {
    const code = character.codePointAt(0);
    return code < 256 ? "\\x" + code.toString(16).padStart(2, "0")
      : "\\u" + code.toString(16).padStart(4, "0");
  });
}

// Text from a recording, an instruction file or the server.
export function data(text, kind = "span") {
  return element(kind + ".data", null, visible(text));
}

// A sentence that says what is wrong (error), doubtful (warning), or how it is.
export function sentence(text, kind = "") {
  return element("p.sentence" + (kind && "." + kind), null, visible(text));
}

// A dialog with a heading and buttons, removed when it is closed. Esc closes it.
export function dialog(title, kind, content, buttons = []) {
  const heading = element("h2", { id: "dialog-title" }, title);
  const inside = element("div.inside", null, heading, ...content);
  const made = element("dialog." + kind, { "aria-labelledby": "dialog-title" }, inside);
  if (buttons.length)
    inside.append(element("div.buttons", null, ...buttons));
  made.addEventListener("close", () => made.remove());
  made.addEventListener("click", event => {
    if (event.target === made)
      made.close();
  });
  document.body.append(made);
  made.showModal();
  return made;
}

export function button(label, run, members) {
  return element("button", { type: "button", onclick: run, ...members }, label);
}

// Read aloud where a screen reader is used.
export function say(text) {
  document.getElementById("said").textContent = text;
}

// Gives the browser a file. Its name never has a slash.
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name.replace(/[/\\]/g, "_") });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

// A number with blanks between thousands: 31 086.
export function grouped(number) {
  return String(number).replace(/^-?\d+/, whole => whole.replace(/\B(?=(\d{3})+$)/g, "\u202f"));
}

// What is kept between visits, of this address of a server only; a browser may refuse to.
export const kept = {
  read(name) {
    try {
      return JSON.parse(localStorage.getItem("schedview." + name));
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      if (value === null)
        localStorage.removeItem("schedview." + name);
      else
        localStorage.setItem("schedview." + name, JSON.stringify(value));
    } catch {
      // It holds for this visit only.
    }
  },
};
