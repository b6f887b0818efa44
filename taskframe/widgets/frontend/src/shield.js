// The notebook's own one-key commands (d d deletes a cell) must not fire while the grid has the focus. JupyterLab and
// Notebook 7 look for this mark on the focused element itself; on an ancestor it does nothing.

export function shield(root) {
  for (const element of root.querySelectorAll("[tabindex], input, select, textarea, button, .tabulator-tableholder")) {
    element.setAttribute("data-lm-suppress-shortcuts", "true");
  }
}
