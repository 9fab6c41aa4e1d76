"""The metric that verdicts go by: how it is written, and which one where nobody says."""

from __future__ import annotations

import pytest

from neuplug.errors import InputError
from neuplug.experiment.config import resolve
from neuplug.experiment.decisive import choose_metric, read_metric

EVEN, UNEVEN = [{"dent": 40, "rust": 60}], [{"dent": 40, "rust": 60}, {"dent": 20, "rust": 60}]


@pytest.mark.parametrize(
    ("text", "name", "score", "class_name"),
    [
        ("accuracy", "accuracy", "accuracy", None),
        ("Macro-F1", "macro_f1", "f1", None),
        ("balanced_accuracy", "balanced_accuracy", "recall", None),
        ("log_loss", "log_loss", "loss", None),
        ("recall:rust", "recall:rust", "recall", "rust"),
        ("precision: a:b ", "precision:a:b", "precision", "a:b"),
    ],
)
def test_what_users_write(text: str, name: str, score: str, class_name: str | None) -> None:
    found = read_metric(text)
    assert (found.name, found.score, found.class_name) == (name, score, class_name)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("f1", "there is no such metric.* Choose accuracy"),
        ("acuracy", "did you mean accuracy"),
        ("recal:rust", "did you mean recall"),
        ("recall", "of which class"),
        ("recall:", "of which class"),
        ("", "no such metric"),
    ],
)
def test_what_is_refused_before_anything_is_read(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"(?i){sentence}"):
        resolve(flags={"metric": text, "clf": ["linear"]}, environment={})


def test_accuracy_is_usual_where_classes_are_much_alike() -> None:
    metric, said = choose_metric("auto", EVEN)
    assert metric.name == "accuracy" and said == ""


def test_macro_f1_is_usual_where_one_class_is_thrice_another_in_any_repeat() -> None:
    metric, said = choose_metric("auto", UNEVEN)
    assert metric.name == "macro_f1"
    assert "macro F1" in said and "rust has 60" in said and "dent 20" in said
    assert "answering rust always would be right for 60 %" in said


def test_accuracy_of_unequal_classes_is_measured_by_the_largest() -> None:
    metric, said = choose_metric("accuracy", UNEVEN)
    assert metric.name == "accuracy" and "answering rust always" in said


@pytest.mark.parametrize("text", ["Auto", " auto ", "AUTO"])
def test_auto_in_any_letter_case(text: str) -> None:
    assert choose_metric(text, EVEN)[0].name == "accuracy"
    assert resolve(flags={"metric": text, "clf": ["linear"]}, environment={}).metric == text


def test_whatever_is_chosen_the_largest_class_is_said() -> None:
    assert "answering rust always" in choose_metric("log_loss", UNEVEN)[1]
    assert choose_metric("log_loss", EVEN)[1] == ""


def test_a_class_must_exist_and_have_test_images_enough() -> None:
    with pytest.raises(InputError, match=r"no class 'rusty'. Did you mean rust"):
        choose_metric("recall:rusty", EVEN)
    assert choose_metric("recall:rust", UNEVEN)[1] == ""
    assert "dent has 20 test images" in choose_metric("recall:dent", UNEVEN)[1]
