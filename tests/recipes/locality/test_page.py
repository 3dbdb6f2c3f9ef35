"""Tables between the markers of a page."""

import pytest

from locality import page

PAGE = """Read by hand.

<!-- one: made by make results -->
old
<!-- end of one -->

In between.

<!-- two: made by make results -->
<!-- end of two -->
"""


def test_blocks_are_replaced_and_nothing_else():
    filled = page.fill(PAGE, {"one": r"| \1 |", "two": ""})
    assert "old" not in filled and r"| \1 |" in filled and "Nothing on record yet." in filled
    assert filled.startswith("Read by hand.") and "\nIn between.\n" in filled
    assert page.fill(filled, {"one": r"| \1 |", "two": ""}) == filled


@pytest.mark.parametrize("blocks", [{"one": ""}, {"one": "", "two": "", "three": ""}])
def test_other_markers_are_refused(blocks):
    with pytest.raises(ValueError, match=r"one pair of markers for each .* Received: \['one', 't"):
        page.fill(PAGE, blocks)


def test_a_block_without_an_end_is_refused():
    with pytest.raises(ValueError, match="The block two of the page has no end"):
        page.fill(PAGE.replace("<!-- end of two -->", ""), {"one": "", "two": ""})
