// SPDX-License-Identifier: LGPL-2.1-or-later
// Instruction files: chosen, uploaded, edited, downloaded. The server keeps what is uploaded for a
// while and writes nothing.
import * as api from "./api.js";
import * as app from "./app.js";
import { button, dialog, element, save, sentence, visible } from "./dom.js";

const LARGEST = 1 << 20;
const FROM = { installed: "Installed", folder: "Of the folder", upload: "Uploaded",
  recording: "In the recording" };

// The choice of an instruction file; several views have one.
export class Instructions {
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.select = element("select", { onchange: () => onChoose(this.select.value) });
    this.input = element("input", { type: "file", accept: ".json,application/json", hidden: true,
      multiple: true, onchange: () => this.take([...this.input.files]) });
    this.elements = [element("label", null, "Instructions ", this.select),
      element("span.group", null,
        button("Edit…", () => this.edit(), { title: "Edit a copy of this instruction file" }),
        button("Upload…", () => this.choose()), this.input)];
    addEventListener("dragover", event => event.preventDefault());
    addEventListener("drop", event => {
      event.preventDefault();
      if (this.select.isConnected)
        this.take([...event.dataTransfer.files]);
    });
  }

  get name() {
    return this.select.value;
  }

  // The name of a file; the server numbers those that were uploaded by one name.
  get file() {
    return this.name.replace(/~\d+$|\.json$/g, "");
  }

  // Those that a recording can be drawn by, with the one of the address chosen.
  async fill(recording) {
    this.recording = recording;
    const list = await app.instructions(recording), name = await app.instructionsOf(recording);
    const groups = Object.entries(FROM).map(([from, label]) => element("optgroup", { label },
      ...list.filter(file => file.from === from).map(file =>
        element("option", { value: file.name }, visible(file.name)))));
    if (name && !list.some(file => file.name === name))
      groups.push(element("option", { value: name }, visible(name) + " (not there)"));
    this.select.replaceChildren(...groups.filter(g => g.tagName === "OPTION" || g.children.length));
    this.select.value = name;
  }

  text() {
    return api.text("instructions/file", { instructions: this.name },
      { what: "instruction file " + this.name });
  }

  async send(text, name) {
    const answer = await api.post("instructions", { name }, text, { what: "upload of " + name });
    await app.instructions(this.recording, true);
    this.onChoose(answer.name);
  }

  choose() {
    this.input.value = "";
    this.input.click();
  }

  async take(list) {
    for (const file of list) {
      try {
        if (file.size > LARGEST)
          throw new Error(`${file.name} has more than 1 MiB, the most that is read.`);
        await this.send(await file.text(), file.name);
      } catch (error) {
        const made = dialog("The file was not taken", "refused",
          [sentence(error.message, "error")],
          [button("Close", () => made.close(), { className: "main" })]);
      }
    }
  }

  async download() {
    save(new Blob([await this.text()], { type: "application/json" }), this.file + ".json");
  }

  async edit() {
    const old = await this.text();
    const isOwn = this.select.selectedOptions[0]?.parentElement.label === FROM.upload;
    const name = element("input", { type: "text", spellcheck: false,
      value: this.file + (isOwn || /-mine$/.test(this.file) ? "" : "-mine") + ".json" });
    const text = element("textarea", { value: old, spellcheck: false, wrap: "off",
      "aria-label": "Instructions" });
    const wrong = element("div", { role: "alert" });
    const use = async () => {
      wrong.replaceChildren();
      try {
        await this.send(text.value, name.value || "mine.json");
        made.close();
      } catch (error) {
        wrong.replaceChildren(sentence(error.message, "error"));
      }
    };
    const made = dialog("Instruction file", "editor", [
      element("label", null, "Name ", name), text, wrong,
      element("p.sentence.quiet", null,
        "The server keeps it for an hour; a download keeps it for longer."),
    ], [
      button("Cancel", () => made.close()),
      button("Download", () => save(new Blob([text.value], { type: "application/json" }),
        /\.json$/.test(name.value) ? name.value : name.value + ".json")),
      button("Draw by it", use, { className: "main" }),
    ]);
    text.setSelectionRange(0, 0);
    text.focus();
    text.scrollTo(0, 0);
  }
}
