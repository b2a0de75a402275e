"""Case files: every fault is a sentence with its line, all at once; nothing else is raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import case_file
from models.errors import Usage
from models.submission import Case, weight_of
from models.toml_lines import line_of


def faults(text: str) -> str:
    with pytest.raises(Usage) as told:
        case_file.case_of(text, "case.toml")
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ordr_id = "1"', "line 1: nothing is called ordr_id (did you mean order_id?)"),
        ("order_id = 57692", 'line 1: order_id is a number: put it in quotes, "57692"'),
        ("\n\ntracking_number = 1.5", 'line 3: tracking_number is a number: put it in quotes, "1'),
        ('party = "vendor"', "party is none of seller or buyer"),
        ('platform = "tiktok"', "no policy is called tiktok"),
        ('reason = "missing-product-or-parts"', "did you mean missing-products-or-parts?"),
        ('[files]\n"a.mp4" = "packing_vdeo"', "line 2: no role is called packing_vdeo (did you m"),
        ("[dates]\nnotise = 2026-01-01", "line 2: no date is called notise (did you mean notice?)"),
        ('[dates]\nnotice = "soon"', "line 2: dates.notice soon is no date, such as 2026-11-20"),
        ("[dates]\nnotice = 2026", "is no date"),
        ('pdp_weight = "heavy"', "pdp_weight is no weight, such as 0.40 kg"),
        ("[dates]\nnotice = 9999-12-31", "is no year in which a dispute can be"),
        ("package_count = 0", "package_count is less than 1"),
        ('package_count = "two"', "package_count is no whole number"),
        ("package_count = true", "package_count is no whole number"),
        ('order_id = ""', "order_id is empty"),
        ('tracking_number = "  "', "tracking_number is empty"),
        ('pdp_weight = "0 kg"', "pdp_weight is no weight"),
        ('region = "Germany"', "region is not written as a region, such as US or GB-SCT"),
        ('tracking_numbers = "a"', "tracking_numbers is no list: write it as [...]"),
        ('dates = "today"', "dates is no table: write it below [dates]"),
        ("order_id = ", "cannot be read"),
        ('source = "operator"', "nothing is called source"),
    ],
)
def test_each_fault_is_a_sentence(text: str, said: str) -> None:
    assert said in faults(text)


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    told = faults('ordr_id = "1"\nparty = "x"\n[dates]\nnotise = 2026-01-01\njudgment = "no"')
    places = [told.index(f"line {line}:") for line in (1, 2, 4, 5)]
    assert places == sorted(places)


def test_the_template_is_a_case_once_its_marks_are_taken_away() -> None:
    text = case_file.template()
    assert case_file.case_of(text, "t") == Case(source="operator")
    lines = [line.removeprefix("# ") for line in text.splitlines()[3:]]
    case = case_file.case_of("\n".join(lines), "t")
    assert set(case_file.KEYS) - {"role", "effective_digits"} == {
        name.split(".")[0] for name in case.facts
    }
    assert set(case.dates) == set(case_file.DATES)


@pytest.mark.parametrize(
    ("written", "grams"),
    [("0.40 kg", 400.0), ("0,4kg", 400.0), ("400 g", 400.0), ("16 oz", 453.6), ("1 lb", 453.6)],
)
def test_weights_know_their_unit(written: str, grams: float) -> None:
    weight = weight_of(written)
    assert weight is not None and weight.grams == pytest.approx(grams, abs=0.1)
    assert weight_of(f"{written} or so") is None


keys = st.one_of(st.sampled_from(case_file.KEYS), st.from_regex(r"[a-z_]{1,12}", fullmatch=True))
values = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=True).map(str),
    st.booleans().map(lambda flag: str(flag).lower()),
    st.dates().map(str),
    st.text(max_size=20).map(lambda text: '"' + repr(text)[1:-1].replace('"', "") + '"'),
    st.lists(st.integers(), max_size=3).map(str),
    st.just("{}"),
    st.just("{ a = 1 }"),
    st.sampled_from(['"seller"', '"US"', '"0.4 kg"', '"packing_video"', '"tiktok-shop-us"']),
)
tables = st.sampled_from(["", "[dates]", "[files]", "[[files]]", "[dates.notice]", "[x.y]"])
lines = st.lists(st.tuples(tables, keys, values), max_size=8)


@settings(max_examples=200, deadline=None)
@given(lines, st.text(max_size=5))
def test_no_case_file_brings_anything_but_a_case_or_a_sentence(
    rows: list[tuple[str, str, str]], tail: str
) -> None:
    text = "\n".join(f"{table}\n{key} = {value}" for table, key, value in rows) + tail
    try:
        case = case_file.case_of(text, "case.toml")
    except Usage as told:
        assert str(told).startswith("The file case.toml") and "\n" not in str(told)
    else:
        assert case.source == "operator"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"order_id = \x00", b"a" * (2 << 20)])
def test_what_is_no_text_is_told(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(raw)
    with pytest.raises(Usage, match="cannot be read"):
        case_file.case_from(tmp_path / "case.toml")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("t", "b"), 4),
        (("rows", 1, "c"), 8),
        (("rows", 1), 7),
        (("inline", 0, "x"), 10),
        (("inline", 1, "y"), 11),
        (("nothing",), 1),
        (("t", "q.r"), 5),
    ],
)
def test_lines_are_found(path: tuple[str | int, ...], line: int) -> None:
    text = "\n".join(
        [
            "a = 1",
            "",
            "[t] # a table",
            "b = 2",
            '"q.r" = 3',
            "[[rows]]",
            "[[rows]]",
            "c = 3",
            "inline = [",
            "  { x = 1, z = 2 },",
            "  { y = 1 },",
            "]",
        ]
    ).replace("inline", "inline", 1)
    found = path if path[0] != "inline" else ("rows", 1, *path)
    assert line_of(text, found) == line
