"""How the HTML looks: one scoped style for each preview, no scripts, nothing loaded.

Colours come from the notebook (JupyterLab's `--jp-…`, VS Code's `--vscode-…`) or else from the reader's own light or
dark preference; marks are translucent, so that they suit both.
"""

from __future__ import annotations

from taskframe.preview.markup import Markup

# Selectors are one step more specific than JupyterLab's own for tables in outputs.
STYLE = Markup("""<style>
div.taskframe {
  --tf-back: var(--jp-layout-color0, var(--vscode-editor-background, #fff));
  --tf-text: var(--jp-content-font-color1, var(--vscode-editor-foreground, #1f2328));
  --tf-quiet: var(--jp-content-font-color2, var(--vscode-descriptionForeground, #59636e));
  --tf-line: var(--jp-border-color2, rgba(128, 128, 128, .32));
  --tf-red: rgba(220, 50, 47, .2); --tf-red-line: #dc322f;
  --tf-green: rgba(46, 160, 67, .24);
  --tf-amber: rgba(210, 153, 34, .2); --tf-amber-line: #bf8700;
  --tf-mono: var(--jp-code-font-family, ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace);
  background: var(--tf-back); color: var(--tf-text); max-width: 75rem; padding: .1rem .25rem .25rem;
  font: 13px/1.45 var(--jp-content-font-family, system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif);
}
@media (prefers-color-scheme: dark) {
  div.taskframe {
    --tf-back: var(--jp-layout-color0, var(--vscode-editor-background, #16181d));
    --tf-text: var(--jp-content-font-color1, var(--vscode-editor-foreground, #e6e8eb));
    --tf-quiet: var(--jp-content-font-color2, var(--vscode-descriptionForeground, #a0a7b0));
  }
}
div.taskframe p { margin: .15rem 0; padding: 0; }
div.taskframe p.tf-first { font-size: 1.15em; font-weight: 600; }
div.taskframe p.tf-size { font-weight: 600; }
div.taskframe .tf-quiet { color: var(--tf-quiet); }
div.taskframe p.tf-red, div.taskframe p.tf-amber { padding: .25rem .6rem; border-left: 4px solid; border-radius: 2px; }
div.taskframe p.tf-red { background: var(--tf-red); border-color: var(--tf-red-line); }
div.taskframe p.tf-amber { background: var(--tf-amber); border-color: var(--tf-amber-line); }
div.taskframe ul { margin: .1rem 0 .1rem 1.2rem; padding: 0; }
div.taskframe ul li { margin: 0; }
div.taskframe p.tf-head { font-weight: 600; margin-top: .6rem; }
div.taskframe div.tf-scroll { overflow-x: auto; margin: .5rem 0 0; max-width: 100%; }
div.taskframe table.tf-table { border-collapse: collapse; border: 0; margin: 0; font-size: 12px; table-layout: auto; }
div.taskframe table.tf-table caption {
  caption-side: top; text-align: left; font-weight: 600; font-size: 13px; color: var(--tf-text); padding: 0 0 .2rem;
  white-space: nowrap;
}
div.taskframe table.tf-table tr, div.taskframe table.tf-table tbody tr:nth-child(odd),
div.taskframe table.tf-table tbody tr:hover { background: transparent; }
div.taskframe table.tf-table th, div.taskframe table.tf-table td {
  text-align: left; vertical-align: top; padding: .16rem .65rem .16rem 0; border: 0; color: var(--tf-text);
  background: transparent; font-weight: 400; white-space: normal; unicode-bidi: isolate;
}
div.taskframe table.tf-table thead th {
  color: var(--tf-quiet); border-bottom: 1px solid var(--tf-line); white-space: nowrap;
}
div.taskframe table.tf-table tbody.tf-group > tr:first-child > * { border-top: 1px solid var(--tf-line); }
div.taskframe table.tf-table thead + tbody.tf-group > tr:first-child > * { border-top: 0; }
div.taskframe table.tf-table .tf-number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
div.taskframe table.tf-table .tf-name { white-space: nowrap; font-weight: 600; }
div.taskframe table.tf-table .tf-title { min-width: 9rem; max-width: 18rem; overflow-wrap: anywhere; }
div.taskframe table.tf-table .tf-value {
  font-family: var(--tf-mono); min-width: 6rem; max-width: 26rem; overflow-wrap: anywhere;
}
div.taskframe table.tf-table td.tf-quiet { color: var(--tf-quiet); }
div.taskframe table.tf-table .tf-task { white-space: nowrap; }
div.taskframe table.tf-table .tf-long { min-width: 10rem; max-width: 26rem; overflow-wrap: anywhere; }
div.taskframe table.tf-table .tf-words { min-width: 14rem; }
div.taskframe del, div.taskframe ins {
  text-decoration-thickness: 1px; border-radius: 2px; unicode-bidi: isolate; color: inherit;
}
div.taskframe del { background: var(--tf-red); text-decoration: line-through; }
div.taskframe ins { background: var(--tf-green); text-decoration: underline; }
div.taskframe table.tf-table td.tf-bars { width: 16rem; min-width: 10rem; }
div.taskframe .tf-bar { display: block; height: .55em; margin: .12em 0; border-radius: 1px; min-width: 1px; }
div.taskframe .tf-was { background: #999; }
div.taskframe .tf-is { background: #0072b2; }
div.taskframe .tf-null { color: var(--tf-quiet); }
div.taskframe .tf-clear {
  background: var(--tf-red); border: 1px solid var(--tf-red-line); border-radius: 3px; padding: 0 .35em;
  white-space: nowrap; font-weight: 600; color: var(--tf-text);
}
</style>""")
