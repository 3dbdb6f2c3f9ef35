import pytest

from tf_lpdistill.report import quantities


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        ("percent", 0.94432, "94.4%"),
        ("percent", 1.0, "100.0%"),
        ("percent", None, "–"),
        ("percent_tick", 0.975, "97.5%"),
        ("percent_tick", 0.9, "90%"),
        ("points", 0.0381, "+3.8"),
        ("points", -0.0124, "−1.2"),
        ("points", 0.00002, "±0.0"),
        ("points", -0.00002, "±0.0"),
        ("count", 312650, "312,650"),
        ("size", 812, "812 B"),
        ("size", 8123, "8.1 kB"),
        ("size", 999_949, "999.9 kB"),
        ("size", 999_950, "1.00 MB"),
        ("size", 1_254_000, "1.25 MB"),
        ("size", None, "–"),
        ("milliseconds", 0.01274, "0.013 ms"),
        ("milliseconds", 1.249, "1.2 ms"),
        ("milliseconds", 12.4, "12 ms"),
        ("milliseconds", 0, "0 ms"),
        ("milliseconds", None, "–"),
        ("significant", 0.09996, "0.100"),
        ("significant", 12345.6, "12,300"),
        ("significant", -0.5, "−0.500"),
        ("significant", 3e-7, "3.00e−07"),
        ("times", 3.21, "3.2×"),
        ("times", 9.96, "10×"),
        ("times", 1663.4, "1,663×"),
    ],
)
def test_numbers_read_well(function, value, expected):
    assert getattr(quantities, function)(value).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_a_number_is_not_parted_from_its_unit():
    for text in (quantities.size(8123), quantities.size(1), quantities.milliseconds(0.5)):
        assert " " not in text and "\N{NO-BREAK SPACE}" in text


def test_standard_deviations():
    assert quantities.percent_sd(0.95557, 0.00275) == "95.6 ± 0.3%"
    assert quantities.percent_sd(0.9861, None) == "98.6%"
    assert quantities.decimal_sd(0.514, 0.0153) == "0.51 ± 0.02"
    assert quantities.decimal_sd(0.514, None) == "0.51"
