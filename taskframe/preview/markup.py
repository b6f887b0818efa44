"""HTML that can't be broken out of: plain text is escaped wherever it is put in."""

from __future__ import annotations

from taskframe.preview.escape import html_text


class Markup(str):
    """HTML that was built here. Any other `str` is text, and is escaped."""

    __slots__ = ()


def tag(name: str, *children: str | None, **attributes: str | int | None) -> Markup:
    """One element. Children that are no `Markup` are escaped, attributes always; what is None is left out."""
    attrs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html_text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{attrs}>{join(*children)}</{name}>")


def join(*children: str | None) -> Markup:
    """The children one after another."""
    return Markup("".join(c if isinstance(c, Markup) else html_text(c) for c in children if c))
