// The changes of a plan with a tick for each task, column and cell. Python says what is ticked; a click is told to it.

import "./ticks.css";

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children); // strings become text
  return element;
}

function render({ model, el }) {
  const root = make("div", { class: "tf-ticks" });
  el.appendChild(root);

  const tick = (state, label, content) => {
    const box = make("input", { type: "checkbox", "aria-label": label });
    box.checked = state === true;
    box.indeterminate = state === null;
    box.disabled = model.get("locked");
    box.setAttribute("data-lm-suppress-shortcuts", "true");
    box.addEventListener("change", () => model.send({ type: "tick", on: box.checked, ...content }));
    return box;
  };
  const link = (words, content) => {
    const button = make("button", { type: "button", class: "tf-link", "data-lm-suppress-shortcuts": "true" }, words);
    button.addEventListener("click", () => model.send(content));
    return button;
  };
  const value = (words, kind) => make("span", { class: `tf-value tf-${kind}` }, words);

  const draw = () => {
    const page = model.get("page");
    root.replaceChildren();
    root.dataset.version = String(page.version);
    if (page.problems.length) {
      const list = make("ul", { class: "tf-problems" });
      for (const problem of page.problems) {
        list.append(make("li", {}, link(problem.where, { type: "goto", id: problem.id, column: problem.column }), ` ${problem.words}`));
      }
      root.append(make("div", { class: "tf-head" }, page.problem_words), list);
    }
    if (!page.tasks.length) return;
    const columns = make("div", { class: "tf-columns" });
    for (const column of page.columns) {
      columns.append(make("label", {}, tick(column.on, column.name, { what: "column", column: column.name }), ` ${column.name} `,
        make("span", { class: "tf-quiet" }, column.words)));
    }
    root.append(columns);
    const table = make("table", { class: "tf-list" });
    for (const task of page.tasks) {
      task.cells.forEach((cell, i) => {
        const row = make("tr", { class: i ? "" : "tf-first" });
        if (!i) {
          row.append(
            make("td", { rowspan: task.cells.length }, tick(task.on, task.label, { what: "task", id: task.id })),
            make("td", { rowspan: task.cells.length, class: "tf-task" }, link(task.label, { type: "goto", id: task.id, column: cell.column }), " ",
              make("span", { class: "tf-quiet" }, task.title)),
          );
        }
        row.append(
          make("td", {}, make("label", {}, tick(cell.on, `${task.label} ${cell.column}`, { what: "cell", id: task.id, column: cell.column }), ` ${cell.column}`)),
          make("td", { class: cell.on ? "" : "tf-off" }, value(cell.before, "before"), " → ", value(cell.after, cell.cleared ? "cleared" : "after")),
        );
        table.append(row);
      });
    }
    root.append(table);
    const pager = make("div", { class: "tf-pager" }, make("span", { class: "tf-quiet" }, page.words));
    for (const [words, to] of [["‹ previous", page.start - page.size], ["next ›", page.start + page.size]]) {
      if (to >= 0 && to < page.total) pager.append(" ", link(words, { type: "page", start: to }));
    }
    root.append(pager);
  };

  model.on("change:page", draw);
  model.on("change:locked", draw);
  draw();
  return () => {
    model.off("change:page", draw);
    model.off("change:locked", draw);
  };
}

export default { render };
