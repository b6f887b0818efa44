// Editing in place. A value that is left as it was is no edit, even where the browser would write it differently.

import { localTime } from "./values.js";

/** The editor for text, numbers and times. `typed.key` is the key that began it, if it was begun by typing. */
export function field(column, typed) {
  return (cell, onRendered, success, cancel) => {
    const value = cell.getValue();
    const text = value === null || value === undefined ? "" : String(value);
    const long = ["text", "list", "object", "any"].includes(column.kind) && (text.length > 40 || /[\r\n]/.test(text));
    const input = document.createElement(long ? "textarea" : "input");
    if (!long) {
      input.type = { integer: "number", number: "number", timestamp: "datetime-local" }[column.kind] ?? "text";
      if (input.type === "number") {
        input.step = column.kind === "integer" ? "1" : "any";
        if (column.minimum !== null) input.min = column.minimum;
        if (column.maximum !== null) input.max = column.maximum;
      }
      if (input.type === "datetime-local") input.step = "1";
    }
    const before = column.kind === "timestamp" ? localTime(value) : text;
    input.value = before;
    const start = input.value; // as the browser has it: \r\n is \n, say
    if (typed.key !== null && input.type !== "datetime-local") input.value = typed.key;
    const byTyping = typed.key !== null;
    typed.key = null;
    input.className = "tf-field";
    input.setAttribute("data-lm-suppress-shortcuts", "true");
    input.setAttribute("aria-label", column.name);
    onRendered(() => {
      input.focus({ preventScroll: true });
      if (long) input.style.height = `${Math.min(180, Math.max(78, input.scrollHeight + 4))}px`;
      if (!byTyping && input.select) input.select();
    });
    let over = false;
    const end = (keep) => {
      if (over) return;
      over = true;
      if (!keep || input.value === start || input.validity?.badInput) cancel();
      else if (input.value === "" && (value === null || column.kind !== "text")) success(null);
      else if (input.type === "datetime-local") success(`${input.value}${input.value.length === 16 ? ":00" : ""}Z`);
      else success(input.value);
    };
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") end(false);
      else if (event.key === "Enter" && long && (event.shiftKey || event.altKey)) input.setRangeText("\n", input.selectionStart, input.selectionEnd, "end");
      else if (event.key === "Enter") end(true);
      else if (event.key !== "Tab") {
        event.stopPropagation();
        return;
      }
      if (event.key !== "Tab") {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    return input;
  };
}

function escaped(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}

/** The settings of Tabulator's drop-down for a column with choices or people. Labels are text, never markup. */
export function choices(column) {
  const words = column.choices.map((value) => ({ label: column.labels?.[value] ?? String(value), value }));
  return {
    values: column.clearable ? [{ label: "∅ clear", value: "" }, ...words] : words,
    autocomplete: column.open,
    freetext: column.open,
    listOnEmpty: true,
    allowEmpty: true,
    itemFormatter: (label) => escaped(label), // Tabulator takes it for HTML
    elementAttributes: { "data-lm-suppress-shortcuts": "true", "aria-label": column.name },
  };
}
