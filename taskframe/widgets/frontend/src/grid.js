// The editor's grid. Python holds the tasks, their order and all rules; a view asks for the rows that it shows, sends
// what a person does, and shows what Python answers. Nothing in here decides what an edit may be.

import {
  EditModule, FormatModule, FrozenColumnsModule, InteractionModule, KeybindingsModule, ResizeColumnsModule,
  ResizeTableModule, SelectRangeModule, Tabulator, TooltipModule,
} from "tabulator-tables";
import "tabulator-tables/dist/css/tabulator_simple.min.css";
import "./grid.css";
import { choices, field } from "./editors.js";
import { shield } from "./shield.js";
import { fromTsv, shown, toTsv } from "./values.js";

Tabulator.registerModule([
  EditModule, FormatModule, FrozenColumnsModule, InteractionModule, KeybindingsModule, ResizeColumnsModule,
  ResizeTableModule, SelectRangeModule, TooltipModule,
]);

const BLOCK = 100; // rows that are asked for at once
const MOST_AHEAD = 20_000; // rows of a selection that are fetched, so that they can be copied
const ROW = 27;

function lock() {
  const mark = document.createElement("span");
  mark.className = "tf-lock";
  mark.title = "read-only";
  return mark;
}

class View {
  /** `widths`: those that somebody gave to columns, by name. */
  constructor(model, el, widths = {}) {
    this.model = model;
    this.widths = widths;
    this.name = Math.random().toString(36).slice(2);
    this.columns = model.get("columns");
    this.typed = { key: null };
    this.wanted = new Set();
    this.asked = new Map(); // block → version
    this.early = []; // rows that came while the table was being filled
    this.late = []; // rows that came while somebody was typing in them
    this.frame = document.createElement("div");
    this.frame.className = "tf-grid";
    this.box = document.createElement("div");
    this.note = document.createElement("div");
    this.note.className = "tf-note";
    this.note.setAttribute("role", "status");
    this.note.setAttribute("aria-live", "polite");
    this.frame.append(this.box, this.note);
    el.appendChild(this.frame);
    this.table = new Tabulator(this.box, {
      data: this.skeleton(),
      index: "k",
      columns: this.columns.map((column, j) => this.definition(column, j)),
      nestedFieldSeparator: false,
      height: `${model.get("height")}px`,
      layout: "fitData",
      rowHeight: ROW,
      renderVertical: "virtual",
      columnDefaults: { headerSort: false, resizable: "header" },
      editTriggerEvent: "dblclick",
      selectableRange: 1,
      selectableRangeColumns: true,
      selectableRangeRows: true,
      placeholder: "No task matches the filter",
      rowHeader: {
        formatter: (cell) => String(cell.getData().k + 1), headerSort: false, resizable: false, frozen: true,
        width: 52, hozAlign: "right", cssClass: "tf-rownum",
      },
    });
    this.table.on("tableBuilding", () => this.modest());
    this.table.on("tableBuilt", () => this.built());
    this.table.on("renderComplete", () => { shield(this.box); this.look(); });
    this.table.on("scrollVertical", () => this.look());
    this.table.on("cellEdited", (cell) => this.edited(cell));
    for (const name of ["cellEdited", "cellEditCancelled"]) this.table.on(name, () => setTimeout(() => this.catchUp()));
    this.table.on("cellEditing", () => { shield(this.box); requestAnimationFrame(() => this.select()); });
    this.table.on("columnResized", (column) => this.resized(column));
    this.table.on("rangeChanged", () => this.prefetch());
    this.box.addEventListener("copy", (event) => this.copy(event));
    this.box.addEventListener("paste", (event) => this.paste(event));
    this.box.addEventListener("keydown", (event) => this.key(event), true);
    this.listeners = {
      "change:view": () => this.reset(),
      "change:note": () => this.say(),
      "change:locked": () => this.lockAll(),
      "msg:custom": (message) => this.heard(message),
    };
    for (const [name, heard] of Object.entries(this.listeners)) model.on(name, heard);
    this.say();
    this.lockAll();
  }

  send(content) {
    this.model.send({ ...content, view: this.name, version: this.version });
  }

  skeleton() {
    const { version, order, rows } = this.model.get("view");
    this.version = version;
    this.ordered = order;
    return Array.from({ length: rows }, (_, k) => ({ k }));
  }

  definition(column, j) {
    const drop = column.choices !== null;
    return {
      title: column.name,
      field: `c${j}`,
      width: this.widths[column.name] ?? column.width,
      titleFormatter: () => this.title(column, j),
      formatter: (cell) => this.cell(cell, column, j),
      editor: column.editable ? (drop ? "list" : field(column, this.typed)) : undefined,
      editorParams: drop ? choices(column) : undefined,
      editable: (cell) => !this.model.get("locked") && cell.getData().id !== undefined,
      tooltip: (_event, cell) => this.tooltip(cell, column, j),
      cssClass: column.editable ? "tf-open" : "tf-locked",
      hozAlign: ["integer", "number"].includes(column.kind) ? "right" : "left",
    };
  }

  title(column, j) {
    const title = document.createElement("span");
    title.className = "tf-title";
    const name = document.createElement("span");
    name.textContent = column.name;
    const sort = document.createElement("button");
    sort.type = "button";
    sort.className = "tf-sort";
    sort.dataset.column = String(j);
    sort.setAttribute("aria-label", `Sort by ${column.name}`);
    sort.setAttribute("data-lm-suppress-shortcuts", "true");
    for (const name of ["mousedown", "dblclick"]) sort.addEventListener(name, (event) => event.stopPropagation());
    sort.addEventListener("click", (event) => {
      event.stopPropagation();
      this.send({ type: "sort", column: j });
    });
    title.append(name);
    if (!column.editable) title.append(lock());
    title.append(sort);
    return title;
  }

  cell(cell, column, j) {
    const data = cell.getData();
    const element = cell.getElement();
    element.setAttribute("data-lm-suppress-shortcuts", "true");
    if (data.id === undefined) {
      this.want(data.k);
      return "";
    }
    element.classList.toggle("tf-changed", data.changed.includes(j));
    element.classList.toggle("tf-problem", data.problems[j] !== undefined);
    element.classList.toggle("tf-null", cell.getValue() === null);
    const text = document.createElement("span");
    text.textContent = shown(cell.getValue(), column);
    return text;
  }

  tooltip(cell, column, j) {
    const data = cell.getData?.();
    if (!data || data.id === undefined) return "";
    const words = [data.problems[j], data.before[j], String(cell.getValue() ?? "").slice(0, 2000)].filter(Boolean);
    if (!words.length) return "";
    const element = document.createElement("div");
    element.className = "tf-tip";
    for (const word of words) {
      const line = document.createElement("div");
      line.textContent = word;
      element.append(line);
    }
    return element;
  }

  // rows on demand

  want(k) {
    const block = Math.floor(k / BLOCK);
    if (this.asked.get(block) === this.version) return;
    this.wanted.add(block);
    this.timer ??= setTimeout(() => this.ask(), 15);
  }

  /** Asks for the rows in sight that are missing or old. */
  look() {
    if (!this.ready) return;
    for (const row of this.table.getRows("visible")) {
      const data = row.getData();
      if (data.version !== this.version) this.want(data.k);
    }
  }

  ask() {
    this.timer = undefined;
    for (const block of this.wanted) {
      this.asked.set(block, this.version);
      this.send({ type: "rows", start: block * BLOCK, stop: (block + 1) * BLOCK });
    }
    this.wanted.clear();
  }

  prefetch() {
    const { top, bottom } = this.range() ?? {};
    if (top === undefined || bottom - top > MOST_AHEAD) return;
    for (let k = top; k <= bottom; k += BLOCK) if (!this.loaded(k)) this.want(k);
    if (!this.loaded(bottom)) this.want(bottom);
  }

  loaded(k) {
    return this.rows[k]?.getData().version === this.version;
  }

  /** Rows that are put into the table don't draw the focus to it: whoever types elsewhere goes on typing there. Nor does
   * the focus move the page: a double-click on a grid that is half in sight would end on another row than it began. */
  modest() {
    const ranges = this.table.modules.selectRange;
    const restore = ranges.restoreFocus.bind(ranges);
    ranges.restoreFocus = () => (this.ready || this.box.contains(document.activeElement) ? restore() : false);
    for (const element of [this.table.rowManager.element, this.table.element]) {
      const focus = element.focus.bind(element);
      element.focus = (options) => focus({ preventScroll: true, ...options });
    }
  }

  built() {
    this.filled();
    this.order();
    shield(this.box);
    if (this.model.get("view").version === this.version) this.look();
    else this.reset(); // it was turned over while the table was being built
  }

  /** The table has the rows that it should have. */
  filled() {
    this.rows = this.table.getRows();
    this.ready = true;
    for (const message of this.early.splice(0)) this.take(message);
    this.frame.dataset.rows = String(this.rows.length);
    this.frame.dataset.ready = "1";
  }

  async reset() {
    if (!this.ready) return; // once it is filled it looks again
    const view = this.model.get("view");
    this.asked.clear();
    this.wanted.clear();
    if (view.order === this.ordered) {
      this.version = view.version; // the same rows, with other contents
      this.look();
    } else {
      this.ready = false;
      this.frame.dataset.ready = "0";
      const holder = this.box.querySelector(".tabulator-tableholder");
      const at = holder.scrollLeft;
      await this.table.setData(this.skeleton());
      if (this.gone) return;
      holder.scrollTop = 0;
      holder.scrollLeft = at;
      this.filled();
      if (this.model.get("view").version !== this.version) return this.reset();
      this.look();
    }
    this.order();
    shield(this.box);
  }

  order() {
    const { sort } = this.model.get("view");
    for (const button of this.box.querySelectorAll(".tf-sort")) {
      const mine = sort !== null && Number(button.dataset.column) === sort[0];
      button.dataset.order = mine ? (sort[1] ? "up" : "down") : "";
    }
  }

  take(message) {
    if (message.version !== this.version) return;
    if (!this.ready) {
      this.early.push(message);
      return;
    }
    const typing = this.box.querySelector(".tabulator-editing");
    message.rows.forEach((row, i) => {
      const found = this.rows[message.at[i]];
      if (!found) return;
      if (typing && found.getElement().contains(typing)) {
        this.late.push({ ...message, at: [message.at[i]], rows: [row] });
        return;
      }
      const data = { version: message.version, id: row.id, changed: row.changed, problems: row.problems, before: row.before };
      row.values.forEach((value, j) => { data[`c${j}`] = value; });
      this.taking = true;
      found.update(data);
      this.taking = false;
      if (found.getElement().isConnected) found.reformat();
    });
    this.frame.dataset.filled = String(Number(this.frame.dataset.filled ?? 0) + message.rows.length);
    shield(this.box);
  }

  /** The edit is over: what came for its row meanwhile is shown. */
  catchUp() {
    if (!this.gone) for (const message of this.late.splice(0)) this.take(message);
  }

  heard(message) {
    if (message.type === "rows" && (message.view === null || message.view === this.name)) this.take(message);
    else if (message.type === "goto") this.goto(message);
  }

  async goto({ k, j }) {
    if (!this.ready || !this.rows[k]) return;
    await this.table.scrollToRow(this.rows[k], "center", true).catch(() => {});
    const cell = this.rows[k].getCell(`c${j}`);
    if (!cell) return;
    this.table.scrollToColumn(`c${j}`, "middle", false).catch(() => {}); // its promise is never kept: don't await it
    this.table.getRanges()[0]?.setBounds(cell, cell);
    this.box.querySelector(".tabulator-tableholder")?.focus({ preventScroll: true });
  }

  // what a person does

  edited(cell) {
    if (this.taking) return;
    const j = Number(cell.getColumn().getField().slice(1));
    const data = cell.getRow().getData();
    const value = cell.getValue();
    this.send({ type: "edit", k: data.k, id: data.id, column: j, value: this.columns[j].choices && value === "" ? null : value });
  }

  resized(column) {
    const j = Number(column.getField().slice(1));
    this.widths[this.columns[j].name] = column.getWidth();
  }

  range() {
    const range = this.ready && this.table.getRanges()[0];
    if (!range) return null;
    const rows = range.getRows();
    const columns = range.getColumns().map((c) => c.getField()).filter((f) => /^c\d+$/.test(f ?? ""));
    if (!rows.length || !columns.length) return null;
    return {
      top: rows[0].getData().k, bottom: rows.at(-1).getData().k, columns: columns.map((name) => Number(name.slice(1))),
    };
  }

  /** In a drop-down that is typed into, what is typed takes the place of what is there. */
  select() {
    const input = this.box.querySelector(".tabulator-editing input:not(.tf-field)");
    if (input && document.activeElement === input) input.select();
  }

  editing(event) {
    return ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  }

  copy(event) {
    if (this.editing(event)) return;
    const range = this.range();
    if (!range) return;
    event.preventDefault();
    const rows = [];
    for (let k = range.top; k <= range.bottom; k++) {
      if (!this.loaded(k)) {
        const much = range.bottom - range.top > MOST_AHEAD;
        this.say(much ? `At most ${MOST_AHEAD} rows can be copied: tasks.to_csv(…) writes them all.`
          : "The rows of this selection are still being loaded: copy again in a moment.");
        return;
      }
      const data = this.rows[k].getData();
      rows.push(range.columns.map((j) => data[`c${j}`]));
    }
    event.clipboardData.setData("text/plain", toTsv(rows));
  }

  paste(event) {
    if (this.editing(event)) return;
    const range = this.range();
    if (!range) return;
    event.preventDefault();
    const cells = fromTsv(event.clipboardData.getData("text/plain"));
    this.send({ type: "paste", ...range, cells });
  }

  key(event) {
    if (this.editing(event) || event.target.closest("button")) return;
    const mod = event.ctrlKey || event.metaKey;
    const key = event.key;
    if (mod && key.toLowerCase() === "z") this.send({ type: event.shiftKey ? "redo" : "undo" });
    else if (mod && key.toLowerCase() === "y") this.send({ type: "redo" });
    else if ((key === "Delete" || key === "Backspace") && !mod) {
      const range = this.range();
      if (range) this.send({ type: "clear", ...range });
    } else if (key === "F2" || (key.length === 1 && !mod && !event.altKey && key !== " ")) {
      const range = this.range();
      const cell = range && this.rows[range.top].getCell(`c${range.columns[0]}`);
      const column = range && this.columns[range.columns[0]];
      if (!cell || !column.editable || this.model.get("locked")) {
        if (key === "F2" || !mod) event.preventDefault();
        return;
      }
      this.typed.key = key === "F2" || column.choices !== null ? null : key;
      cell.edit(true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  say(words) {
    this.note.textContent = words ?? this.model.get("note");
  }

  lockAll() {
    this.frame.classList.toggle("tf-busy", this.model.get("locked"));
  }

  destroy() {
    for (const [name, heard] of Object.entries(this.listeners)) this.model.off(name, heard);
    clearTimeout(this.timer);
    this.gone = true;
    this.table.destroy();
  }
}

export { Tabulator }; // for whoever wants to hold the grid against the bare table

export default {
  render({ model, el }) {
    let view = new View(model, el);
    const again = () => {
      view.destroy();
      el.replaceChildren();
      view = new View(model, el, view.widths);
    };
    model.on("change:columns", again);
    return () => {
      model.off("change:columns", again);
      view.destroy();
    };
  },
};
