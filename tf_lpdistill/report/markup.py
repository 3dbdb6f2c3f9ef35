"""HTML and SVG elements as text: whatever is not already markup is escaped."""

import html
import re
from typing import Any

_VOID = frozenset({"br", "col", "hr", "img", "link", "meta"})
# HTML forbids these characters, even as references.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML already and is taken over as it stands."""

    __slots__ = ()


def escape(value: object) -> Markup:
    """Returns `value` as `Markup`: unchanged when it is that already, else its text, escaped.

    Characters that HTML does not allow (controls, lone surrogates) become U+FFFD.
    """
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_CONTROL.sub("\ufffd", str(value)), quote=True))


def join(*parts: Any) -> Markup:
    """Returns the parts, each escaped unless it is `Markup`, one after the other.

    Parts may be iterables of parts; `None` adds nothing.
    """
    return Markup(
        "".join(
            escape(part) if isinstance(part, str | int | float) else join(*part)
            for part in parts
            if part is not None
        )
    )


def tag(name: str, /, *children: Any, **attributes: object) -> Markup:
    """Returns the element `name` as `Markup`.

    Args:
        name: the element's name. Void elements such as `img` take no children.
        *children: text and numbers (escaped), `Markup`, iterables of those, `None` for nothing.
        **attributes: `class_` becomes `class` and `data_label` becomes `data-label`. `None` and
            `False` leave the attribute out, `True` writes it without a value; floats are
            rounded to two decimals, which in an SVG is a hundredth of a pixel.

    Returns:
        The element with its children.

    Examples:
        >>> tag("p", "a < b", class_="note")
        '<p class="note">a &lt; b</p>'
    """
    start = f"<{name}{''.join(_attribute(*item) for item in attributes.items())}>"
    if name in _VOID:
        return Markup(start)
    return Markup(f"{start}{join(*children)}</{name}>")


def _attribute(name, value):
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, float):
        value = f"{value:.2f}".rstrip("0").rstrip(".")
    return f' {name}="{escape(value)}"'
