"""Tables as challenges ship them are read; guesses are said, what cannot be told is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neuplug_tests.drawing import Draw
from neuplug_tests.files import pipe, touch

import neuplug
from neuplug import InputError, Listing
from neuplug.data.layouts import scan

NUMBERS = range(1, 9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight images in ``images/``."""
    return touch(tmp_path, *(f"images/ISIC_{n}.jpg" for n in NUMBERS))


def rows(cell: str, label: str = "{c}", head: str = "path,label", separator: str = ",") -> str:
    """A table of all images; ``{c}`` is ``mel`` or ``nv``, ``{b}`` 0 or 1."""
    lines = [head]
    for n in NUMBERS:
        values = {"n": n, "c": ("nv", "mel")[n % 2], "b": n % 2, "o": 1 - n % 2, "p": n // 3}
        lines.append(f"{cell},{label}".format(**values).replace(",", separator))
    return "\n".join(lines) + "\n"


def listed(folder: Path, text: str | bytes, name: str = "set.csv") -> Listing:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return scan(path)


def refused(folder: Path, text: str | bytes, name: str = "set.csv") -> str:
    with pytest.raises(InputError) as caught:
        listed(folder, text, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def found(listing: Listing) -> dict[str, str]:
    return {entry.id: entry.label for entry in listing.entries}


ALL = {f"images/ISIC_{n}.jpg": ("nv", "mel")[n % 2] for n in NUMBERS}
PLAIN = rows("images/ISIC_{n}.jpg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN, ""),
        (PLAIN.replace(",", ";"), ""),
        (PLAIN.replace(",", "\t"), ""),
        (PLAIN.replace(",", "|"), ""),
        (PLAIN.replace("\n", "\r\n"), ""),
        (PLAIN.replace("\n", "\r"), ""),
        ("sep=;\n" + PLAIN.replace(",", ";"), ""),
        (PLAIN.replace("/", "\\"), ""),
        (PLAIN.replace("images/", "./images//"), ""),
        (rows('"images/ISIC_{n}.jpg"', '"{c}"'), ""),
        (rows("{n},images/ISIC_{n}.jpg", head=",path,label"), ""),
        (PLAIN.partition("\n")[2], "the table has no header"),
        (rows("images/ISIC_{n}.jpg", separator=" ").partition("\n")[2], "no header"),
        (rows("images/ISIC_{n}.JPG"), "8 names are no paths of files, such as images/ISIC_1.JPG"),
        (rows("ISIC_{n}.jpg"), "and are found in images/"),
        (rows("ISIC_{n}.png"), "and are found in images/"),
        (rows("ISIC_{n}"), "8 names are no paths of files, such as ISIC_1, and are found in"),
        (rows(r"C:\Users\me\images\ISIC_{n}.jpg"), "found in images/"),
        (rows("~/images/ISIC_{n}.jpg"), "found in images/"),
        (rows("/kaggle/input/isic/images/ISIC_{n}.jpg"), "found in images/"),
        (rows("ISIC_{n}", head="image_id,dx"), "the label is column dx: --set tables"),
        (rows("ISIC_{n}", head="ImageId,ClassId"), "the label is column ClassId"),
        (rows("ISIC_{n}", "x y,{c},{n}", "id,comment,category,age"), "the label is column cat"),
        (rows("ISIC_{n}", head="filename,breed"), "the image is column filename"),
        (rows("ISIC_{n}", "{b}.0,{o}.0", "image,mel,nv"), "the label is the one of mel and"),
        (rows("ISIC_{n}", "{b},{o},0", "image,mel,nv,bcc"), "the one of mel, nv and bcc that"),
    ],
)  # fmt: skip
def test_ways_of_writing(folder: Path, text: str, said: str) -> None:
    listing = listed(folder, text)
    assert found(listing) == ALL
    assert said.casefold() in " ".join([*listing.remarks, *listing.cautions]).casefold()
    assert bool(said) == bool(listing.remarks)
    assert listing.unused == ()


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_encodings(folder: Path, encoding: str) -> None:
    text = PLAIN.replace("nv", "Nävus")
    assert set(found(listed(folder, text.encode(encoding))).values()) == {"mel", "Nävus"}


def test_labels_with_commas_and_as_numbers(folder: Path) -> None:
    text = rows("images/ISIC_{n}.jpg", '"Pepper, {c}"')
    assert set(listed(folder, text).classes) == {"Pepper, mel", "Pepper, nv"}
    assert listed(folder, rows("images/ISIC_{n}.jpg", "{b}.0")).classes == ("0", "1")
    assert listed(folder, rows("images/ISIC_{n}.jpg", "{b}.5")).classes == ("0.5", "1.5")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            PLAIN.replace("nv", "Pepper, bell"),
            "4 of 8 rows have more cells than the header (line 3, line 5, line 7 and 1 more): "
            "quote labels that contain a comma",
        ),
        (PLAIN.replace("nv", "Pepper, bell").partition("\n")[2], "more cells than most rows"),
        (PLAIN.replace("label", "label,").replace("nv", "a,b"), "more cells than the header"),
        (PLAIN.replace(",", ";").replace("nv", "a;b"), "quote labels that contain a semicolon"),
        (
            rows("images/ISIC_{n}.jpg", "{c},train", "path,label,split").replace("nv,", ""),
            "4 of 8 rows have fewer cells than the header (line 3,",
        ),
    ],
)
def test_rows_of_more_or_fewer_cells_than_the_header(folder: Path, text: str, said: str) -> None:
    assert said in refused(folder, text)


def test_empty_cells_at_the_end_of_a_row_are_none(folder: Path) -> None:
    assert found(listed(folder, PLAIN.replace("nv\n", "nv,,\n"))) == ALL
    assert found(listed(folder, PLAIN.replace("label\n", "label,\n"))) == ALL


@pytest.mark.parametrize("separator", [", ", ",  "])
def test_a_quoted_label_may_follow_a_blank(folder: Path, separator: str) -> None:
    text = PLAIN.replace(",", separator).replace("nv", '"Pepper, bell"')
    assert set(listed(folder, text).classes) == {"Pepper, bell", "mel"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2.jpg,nv", '2.jpg,"nv', "the quote opened in line 3 is not closed"),
        ("8.jpg,nv", '8.jpg,"nv', "the quote opened in line 9 is not closed"),
        (
            "2.jpg,nv",
            '2.jpg,"nv\nimages/ISIC_1.jpg,"nv',
            "the quote opened in line 3 is not closed",
        ),
        ("2.jpg,nv", '2.jpg,"nv" x', "line 3: text follows a closed quote"),
        (
            "2.jpg,nv\n",
            '2.jpg,"nv\n',
            "1 of 2 rows go on in the next line (is a quote not closed?) (line 3)",
        ),
    ],
)
def test_a_quote_that_is_not_closed(folder: Path, old: str, new: str, said: str) -> None:
    text = PLAIN.replace(old, new)
    if "go on" in said:  # another quote, at the end of a later line, closes it
        text = text.replace("7.jpg,mel\nimages/ISIC_8.jpg,nv", '7.jpg,mel"')
    assert said in refused(folder, text)


def test_a_comment_may_have_several_lines(folder: Path) -> None:
    text = rows("images/ISIC_{n}.jpg", '{c},"seen\nby, me"', "path,label,comment")
    assert found(listed(folder, text)) == ALL


def test_columns_of_one_name(folder: Path) -> None:
    text = rows("images/ISIC_{n}.jpg", "{c},{c}", "path,label,Label")
    listing = listed(folder, text)
    assert found(listing) == ALL
    assert "2 columns are called label, with the same cells; the first is used." in listing.remarks
    message = refused(folder, text.replace("nv,nv", "nv,mel"))
    assert "2 columns are called label, and their cells differ in 4 of 8 rows (line 3," in message
    (folder / "set.csv").write_text(text.replace("nv,nv", "nv,mel"))
    assert found(scan(folder / "set.csv", options={"tables": {"label": "label"}})) == ALL
    unused = rows("images/ISIC_{n}.jpg", "{c},{b},{o}", "path,label,x,x")
    assert found(listed(folder, unused)) == ALL


def test_one_hot_columns_with_decimal_commas_and_a_class_without_images(folder: Path) -> None:
    text = rows("ISIC_{n}", "{b};{o};0", "image;mel;nv;BCC", ",").replace(",", ";")
    text = text.replace(";1", ";1,0").replace(";0", ";0,0")
    listing = listed(folder, text)
    assert found(listing) == ALL
    assert "There is no image of class BCC." in listing.cautions


def test_blank_cells_of_a_split_are_said(folder: Path) -> None:
    text = rows("images/ISIC_{n}.jpg", "{c},train", "path,label,split")
    text = text.replace("1.jpg,mel,train", "1.jpg,mel,").replace("2.jpg,nv,train", "2.jpg,nv,test")
    assert "1 of 8 rows have no split." in listed(folder, text).cautions


def test_splits_and_groups(folder: Path) -> None:
    head = "lesion_id,image_id,dx,Usage"
    text = rows("L{p},ISIC_{n}", "{c},PublicTest", head)
    text = text.replace("L0", "L0", 1).replace("mel,PublicTest", "mel,Training")
    listing = listed(folder, text)
    assert {(e.label, e.split) for e in listing.entries} == {("mel", "train"), ("nv", "test")}
    assert [e.group for e in listing.entries] == ["L0", "L0", "L1", "L1", "L1", "L2", "L2", "L2"]
    caution, parts = listing.cautions
    assert parts == "Of the parts of the split, PublicTest is test."
    assert caution.startswith("The label is column dx; the split is column Usage; the group is col")
    chosen = {"label": "dx", "split": "Usage", "group": "lesion_id"}
    assert scan(folder / "set.csv", options={"tables": chosen}).cautions == (parts,)


def test_images_that_the_table_does_not_name(folder: Path) -> None:
    touch(folder, "images/other1.jpg", "images/other2.jpg")
    (unused,) = listed(folder, PLAIN).unused
    assert str(unused) == (
        "2 file(s) (images that the table does not name): images/other1.jpg and images/other2.jpg"
    )
    assert unused.matters


def test_images_beside_the_tables_folder_are_asked_for(folder: Path) -> None:
    (folder / "csv").mkdir()
    text = rows("ISIC_{n}")
    assert "leads to 8 file(s)" in refused(folder / "csv", text)
    listing = scan(folder / "csv" / "set.csv", follow=True)
    assert listing.entries[0].id == "../images/ISIC_1.jpg"


def test_a_column_is_chosen(folder: Path) -> None:
    text = rows("ISIC_{n}", "{c},{b}", "image,class,category")
    message = refused(folder, text)
    assert "the class may be in any of the columns class and category" in message
    assert "--set tables.label=class, or rename it to label" in message
    listing = scan(folder / "set.csv", options={"tables": {"label": "Category"}})
    assert listing.classes == ("0", "1")
    with pytest.raises(InputError, match=r"has no column 'clas' .*Did you mean class\? It has"):
        scan(folder / "set.csv", options={"tables": {"label": "clas"}})
    with pytest.raises(InputError, match="tables has no option 'lable'"):
        scan(folder / "set.csv", options={"tables": {"lable": "clas"}})
    with pytest.raises(InputError, match=r"is a folder: --set tables\.… is about a table"):
        scan(folder, options={"tables": {"label": "class"}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: write a header"),
        ("path,label\n", "lists no images: there is nothing below its header"),
        (rows("images/ISIC_{n}.jpg", "nan"), "8 of 8 rows have no label (line 2, line 3, line 4"),
        (rows("gone_{n}"), "8 of 8 rows name an image that is not there (line 2: gone_1, line 3:"),
        (rows("gone_{n}", head="a,b"), "no column names images that lie there; it has a and b"),
        (PLAIN + "images/ISIC_1.jpg,nv\n", "1 of 9 rows name an image of another class again"),
        (rows("images/ISIC_{n}.jpg", "{c}|x").replace("nv|x", "x|nv|mel"), "have several classes"),
        (rows("ISIC_{n}", "{b},{b}", "image,a,b"), "4 rows have several classes in the columns a"),
        (rows("images/ISIC_{n}.jpg", "{c},later", "path,label,split"), "a split that is none of"),
        (rows("ISIC_{n}", "", "image"), "Is it a list of images without labels?"),
        (rows("ISIC_{n}", "{n},x{n},{n}z", "image,u,v,w"), "no column is called label; the class"),
        (PLAIN + "a\0b,x\n", "line 10: there is a NUL byte"),
        (PLAIN + '"' + "x" * 200_000 + '",x\n', "line 10: field larger than field limit"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder: Path, text: str, said: str) -> None:
    assert said in refused(folder, text)


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    touch(folder, "more/ISIC_1.jpg")
    message = refused(folder, rows("ISIC_{n}", head="path,label") + "gone,x\nISIC_2,\n,x\n")
    for said in (
        "1 of 11 rows may mean several images (line 2: ISIC_1 is images/ISIC_1.jpg and more/",
        "1 of 11 rows name an image that is not there (line 10: gone)",
        "1 of 11 rows have no label (line 11)",
        "1 of 11 rows name no image (line 12)",
    ):
        assert said in message


def test_formulas_are_text(folder: Path) -> None:
    listing = listed(folder, rows("images/ISIC_{n}.jpg", "=HYPERLINK({b})"))
    (caution,) = listing.cautions
    assert "Labels begin like formulas of a spreadsheet and are text: =HYPERLINK(1)" in caution


@pytest.mark.parametrize("name", ["set.xlsx", "set.parquet"])
def test_spreadsheets(folder: Path, name: str) -> None:
    assert "is a spreadsheet: save it as CSV" in refused(folder, b"PK", name)


def test_a_table_of_a_part_means_the_images_of_that_part(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{part}/ISIC_{n}.jpg" for n in NUMBERS for part in ("train", "test")))
    listing = listed(tmp_path, rows("ISIC_{n}", head="id,breed"), "train_labels.csv")
    assert {entry.path.parent.name for entry in listing.entries} == {"train"}
    assert "may mean several images" in refused(tmp_path, rows("ISIC_{n}", head="id,breed"))


def test_a_list_in_a_text_file(folder: Path) -> None:
    text = rows("images/ISIC_{n}.jpg", separator=" ").partition("\n")[2]
    assert found(listed(folder, text, "train.txt")) == ALL


def test_names_are_not_led_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    message = refused(folder / "images", "path,label\n/etc/hostname,a\n../images/ISIC_1.jpg,b\n")
    assert "leads to 1 file(s) or folder(s) outside" in message and "/etc/hostname" in message


def test_it_is_decoded_and_said(folder: Path, draw: Draw) -> None:
    for n in NUMBERS:
        draw(folder / "images" / f"ISIC_{n}.jpg", n)
    (folder / "set.csv").write_text(rows("ISIC_{n}", head="image_id,dx").replace("nv", "Mel"))
    report = neuplug.load_dataset(folder / "set.csv").report
    assert report.counts == {"Mel": 4, "mel": 4}
    assert "Classes differ in letter case, blanks or a final .0 alone: 'Mel' and 'mel'" in " ".join(
        report.warnings()
    )


def cautions(folder: Path, text: str | bytes) -> str:
    return " ".join(listed(folder, text).cautions)


def test_an_image_found_under_another_folder_is_said_by_a_run(folder: Path, draw: Draw) -> None:
    text = rows("photos/ISIC_{n}.jpg")
    said = (
        "8 images lie in other folders than the table says, and are found by their file names "
        "alone: photos/ISIC_1.jpg is images/ISIC_1.jpg, photos/ISIC_2.jpg is images/ISIC_2.jpg"
    )
    assert said in cautions(folder, text)
    for n in NUMBERS:
        draw(folder / "images" / f"ISIC_{n}.jpg", n)
    assert said in " ".join(neuplug.load_dataset(folder / "set.csv").report.warnings())
    assert cautions(folder, rows("deep/images/ISIC_{n}.jpg")) == ""  # of another machine


def test_an_image_that_cannot_be_the_one_that_is_named_is_not_taken(tmp_path: Path) -> None:
    touch(tmp_path, *(f"test/{c}/{n}.png" for n in NUMBERS for c in ("nv", "mel")))
    message = refused(tmp_path, rows("train/{c}/{n}.png"))
    assert "8 of 8 rows name an image that is not there (line 2: train/mel/1.png; test/mel/1.png is"
    assert "train/mel/1.png; test/mel/1.png is another one" in message
    touch(tmp_path / "more", "a/x.png", "b/1.png")
    message = refused(tmp_path / "more", "path,label\na/1.png,a\nb/1.png,b\n")
    assert "1 of 2 rows name an image that is not there (line 2: a/1.png; b/1.png is" in message


@pytest.mark.parametrize("blanks", ["{} ", "{}\u00a0", '"{}\t"', "{}\u3000 "])
def test_labels_that_differ_in_blanks_around_them_are_one_class_and_said(
    folder: Path, blanks: str
) -> None:
    text = PLAIN.replace("2.jpg,nv", f"2.jpg,{blanks.format('nv')}")
    said = cautions(folder, text)
    assert found(listed(folder, text)) == ALL
    assert said.startswith("Labels differ in the blanks around them alone, and are one class: 'nv'")
    assert cautions(folder, PLAIN.replace("nv", blanks.format("nv"))) == ""  # all of them


def test_text_in_another_encoding_is_said_or_refused(folder: Path) -> None:
    said = cautions(folder, PLAIN.replace("nv", "\u51f9\u5751").encode("gbk"))
    assert "is not in UTF-8 and is read as Windows-1252, so that there are labels such as " in said
    assert "if they are wrong, save the table as CSV in UTF-8" in said
    message = refused(folder, PLAIN.replace("nv", "\u50b7").encode("shift-jis"))
    assert "is no text in UTF-8, UTF-16 or Windows-1252: save it as CSV in UTF-8" in message
    said = cautions(folder, PLAIN.replace("nv", "n\x8f\u200bv"))
    assert "1 label(s) have characters that do not show (n\x8f\u200bv): correct the table" in said


@pytest.mark.parametrize(
    ("head", "more", "said"),
    [
        (
            "path,label,class",
            "{n}",
            "column class, since the label is column label. --s",
        ),
        ("path,label,fold", "{n}", "column fold, since its cells, such as 1, 2, 3 and 5 more"),
        ("path,label,patient,case", "{n},1", "column case, since the group is column patient."),
    ],
)
def test_columns_that_may_be_meant_and_are_not_used_are_said(
    folder: Path, head: str, more: str, said: str
) -> None:
    assert said in cautions(folder, rows("images/ISIC_{n}.jpg", "{c}," + more, head))


def test_other_columns_that_are_not_used_are_remarks(folder: Path) -> None:
    listing = listed(folder, rows("images/ISIC_{n}.jpg", "{c},7,8", "path,label,age,site"))
    assert listing.cautions == ()
    assert listing.remarks == ("not used: column age and column site.",)
    named = {"label": "label", "split": "split"}
    text = rows("images/ISIC_{n}.jpg", "{c},train,{n}", "path,label,split,class")
    (folder / "set.csv").write_text(text)
    assert scan(folder / "set.csv", options={"tables": named}).cautions == ()


def test_all_options_that_name_no_column_are_told_at_once(folder: Path) -> None:
    (folder / "set.csv").write_text(PLAIN)
    with pytest.raises(InputError) as caught:
        scan(folder / "set.csv", options={"tables": {"label": "nosuch", "group": "zz"}})
    first, second = str(caught.value).split("\n")
    assert "has no column 'nosuch' (tables.label)" in first
    assert "has no column 'zz' (tables.group)" in second


@pytest.mark.parametrize("comment", ["# made by x\n", "# a, b and c\n# y\n"])
def test_comments_before_the_header(folder: Path, comment: str) -> None:
    listing = listed(folder, comment + PLAIN)
    assert found(listing) == ALL
    assert "begin with # and are passed over as comments." in " ".join(listing.remarks)
    assert found(listed(folder, PLAIN.replace("path,", "#path,"))) == ALL


def test_a_table_beside_names_the_images_only_if_paths_agree(tmp_path: Path) -> None:
    names = [f"{c}/{n}.png" for n in NUMBERS for c in ("nv", "mel")]
    touch(tmp_path, *(f"{part}/{name}" for part in ("one", "two") for name in names))
    (tmp_path / "set.csv").write_text(rows("one/{c}/{n}.png"))
    assert "set.csv names these images: give it" in " ".join(scan(tmp_path / "one").remarks)
    assert scan(tmp_path / "two").remarks == ()
    (tmp_path / "set.csv").write_text(rows("{n}.png"))
    assert "set.csv may name these images, whose" in " ".join(scan(tmp_path / "two").remarks)


def test_numbers_that_were_read_as_fractions_are_said(folder: Path, draw: Draw) -> None:
    for n in NUMBERS:
        draw(folder / "images" / f"ISIC_{n}.jpg", n)
    text = rows("images/ISIC_{n}.jpg", "{b}").replace("4.jpg,0", "4.jpg,0.0")
    (folder / "set.csv").write_text(text)
    said = " ".join(neuplug.load_dataset(folder / "set.csv").report.warnings())
    assert "Classes differ in letter case, blanks or a final .0 alone: '0' and '0.0'. If" in said


def test_long_cells_make_no_long_message(folder: Path) -> None:
    message = refused(folder, PLAIN.replace("images/ISIC_1.jpg", "x" * 100_000))
    assert len(message) < 1000 and "x… (100000 characters)). Names are" in message
    message = refused(folder, PLAIN.replace("images/ISIC_1.jpg", "x /" * 40_000))
    assert len(message) < 10_000 and message.endswith("characters).")
    message = refused(folder, PLAIN.replace("nv", "x" * 1000))
    assert "4 of 8 rows have a label of more than 300 characters (line 3, line 5" in message


def test_pipes_are_no_tables_and_no_images(folder: Path) -> None:
    (folder / "images" / "ISIC_1.jpg").unlink()
    pipe(folder / "images" / "ISIC_1.jpg", b"x")
    for cell in ("ISIC_{n}", "images/ISIC_{n}.jpg"):
        assert "1 of 8 rows name an image that is not there" in refused(folder, rows(cell))
    with pytest.raises(InputError, match="is no regular file, but a pipe, socket or device: give"):
        scan(pipe(folder / "pipe.csv", PLAIN.encode()))


# Anything at all --------------------------------------------------------------------------------

CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["images/ISIC_1.jpg", "ISIC_2", "../x", "=1+1", '"', "nan", "0", "1", "a|b"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    head=st.lists(st.sampled_from(["path", "label", "split", "id", "dx", "", "é"]), max_size=4),
    body=st.lists(st.lists(CELLS, max_size=5), max_size=6),
    separator=st.sampled_from(",;\t| "),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_table_is_listed_or_refused_in_one_sentence(
    folder: Path, head: list[str], body: list[list[str]], separator: str, encoding: str, end: str
) -> None:
    text = end.join(separator.join(row) for row in [head, *body])
    check(folder, text.encode(encoding, "replace"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=400))
def test_any_bytes(folder: Path, content: bytes) -> None:
    check(folder, content)


def check(folder: Path, content: bytes) -> None:
    try:
        listing = listed(folder, content)
    except InputError as error:
        assert str(error).count("\n") == 0 and str(folder) in str(error)
    else:
        assert listing.entries and all(entry.label for entry in listing.entries)
        assert all(entry.path.is_file() for entry in listing.entries)
