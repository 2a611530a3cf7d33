"""SVG and HTML as text: elements whose texts and attributes are always escaped."""

from __future__ import annotations

import html

from packtune.data.files import readable

Attribute = str | float | None


class Markup(str):
    """Markup that is safe to show: all that came from outside is escaped. Jinja leaves it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """Write an element; children that are no `Markup` are escaped.

    Args:
        attributes: `class_` is written as class, `stroke_width` as stroke-width; one that is None is left out.
    """
    inside = "".join(map(text, children))
    return Markup(f"<{name}{_attributes(attributes)}>{inside}</{name}>")


def text(content: str) -> Markup:
    """Escape a text, unless it is markup. Control characters and marks of direction become backslash escapes."""
    return content if isinstance(content, Markup) else Markup(html.escape(readable(content)))


def join(parts: list[Markup]) -> Markup:
    """Write elements one after the other."""
    return Markup("".join(parts))


def _attributes(attributes: dict[str, Attribute]) -> str:
    given = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    return "".join(f' {name}="{_value(value)}"' for name, value in given)


def _value(value: str | float) -> str:
    return html.escape(readable(value)) if isinstance(value, str) else f"{value:.5g}"
