import pytest

from tf_lpdistill.report.markup import Markup, escape, join, tag


def test_text_is_escaped_once():
    inner = tag("b", "<script>alert('1') & more</script>")
    expected = "<b>&lt;script&gt;alert(&#x27;1&#x27;) &amp; more&lt;/script&gt;</b>"
    assert inner == expected
    assert tag("p", inner) == f"<p>{expected}</p>"


def test_an_attribute_cannot_end_its_quotes():
    assert tag("i", title='"><script>') == '<i title="&quot;&gt;&lt;script&gt;"></i>'


def test_attribute_names_and_values():
    made = tag("td", class_="a", data_label="b", hidden=True, id=None, open=False, x=1.23456, y=2.0)
    assert made == '<td class="a" data-label="b" hidden x="1.23" y="2"></td>'


def test_void_elements_have_no_end():
    assert tag("img", alt="") == '<img alt="">'


def test_join_takes_iterables_and_nothing():
    assert join("<", [None, Markup("<br>")], (part for part in ("a", 1))) == "&lt;<br>a1"


def test_join_refuses_what_is_no_text():
    with pytest.raises(TypeError):
        join(object())


def test_characters_that_html_forbids_are_replaced():
    assert escape("a\x00b\x1bc\ud800") == "a\ufffdb\ufffdc\ufffd"
    assert escape("line\nbreak\ttab") == "line\nbreak\ttab"
