"""A page written by hand, with tables between markers that are made anew."""

import re


def fill(text, blocks):
    """Replaces what stands between the markers of a page.

    A block stands between `<!-- NAME: made by make results -->` and `<!-- end of NAME -->`.

    Args:
        text: the page.
        blocks: {NAME: text, empty where there is nothing yet}.

    Returns:
        The page with these blocks.

    Raises:
        ValueError: when the page has not each of the markers once, or others.
    """
    names = re.findall(r"<!-- (.+): made by make results -->", text)
    if sorted(names) != sorted(blocks):
        raise ValueError(
            f"The page must have one pair of markers for each of {sorted(blocks)}. "
            f"Received: {sorted(names)}"
        )
    for name, block in blocks.items():
        pattern = rf"(<!-- {name}: made by make results -->\n).*?(<!-- end of {name} -->)"
        body = f"\n{block or 'Nothing on record yet.'}\n\n"
        text, number = re.subn(
            pattern, lambda m, body=body: m[1] + body + m[2], text, flags=re.DOTALL
        )
        if number != 1:
            raise ValueError(f"The block {name} of the page has no end: <!-- end of {name} -->")
    return text
