// How a cell's value is shown, edited and put on the clipboard. Values are JSON: null, text, numbers, booleans; times are
// ISO 8601 in UTC, lists and objects JSON text.

const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d(?:\.\d+)?))?Z$/;

/** One line of text for a cell. */
export function shown(value, column) {
  if (value === null || value === undefined) return "";
  const label = column.labels?.[value];
  if (label) return label;
  if (column.kind === "timestamp") {
    const found = TIME.exec(value);
    return found ? `${found[1]} ${found[2]}` : String(value);
  }
  return String(value).replace(/\s*[\r\n]+\s*/g, " ⏎ ");
}

/** What `<input type=datetime-local>` takes, in UTC. */
export function localTime(value) {
  const found = value && TIME.exec(value);
  if (!found) return "";
  const seconds = found[3] && Number(found[3]) !== 0 ? `:${found[3].replace(/(\.\d{3})\d*$/, "$1")}` : "";
  return `${found[1]}T${found[2]}${seconds}`;
}

/** Rows of cells as a spreadsheet takes them: tabs, line ends, quotes only where they are needed. */
export function toTsv(rows) {
  const quoted = (text) => (/[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map((v) => quoted(v === null || v === undefined ? "" : String(v))).join("\t")).join("\n");
}

/** The same, read: what a spreadsheet put on the clipboard. */
export function fromTsv(text) {
  const rows = [[]];
  let at = 0;
  while (at <= text.length) {
    let cell = "";
    if (text[at] === '"') {
      const closed = /^"((?:[^"]|"")*)"(?=[\t\r\n]|$)/.exec(text.slice(at));
      if (closed) {
        cell = closed[1].replaceAll('""', '"');
        at += closed[0].length;
      } else {
        const plain = /^[^\t\r\n]*/.exec(text.slice(at))[0];
        cell = plain;
        at += plain.length;
      }
    } else {
      cell = /^[^\t\r\n]*/.exec(text.slice(at))[0];
      at += cell.length;
    }
    rows.at(-1).push(cell);
    if (at >= text.length) break;
    if (text[at] === "\t") at += 1;
    else {
      at += text.startsWith("\r\n", at) ? 2 : 1;
      if (at >= text.length) break; // the line end behind the last row
      rows.push([]);
    }
  }
  return rows;
}
