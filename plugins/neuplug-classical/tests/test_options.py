"""Options are documented, bounded, and refused with a sentence."""

from __future__ import annotations

import pytest
import torch

from neuplug import InputError, discover

OFFERED = [p for p in discover().of_kind("augmenter") if p.distribution == "neuplug-classical"]


@pytest.mark.parametrize("offer", OFFERED, ids=lambda p: p.name)
def test_every_option_is_described(offer):
    fields = offer.load().options_class.model_fields
    assert "threads" in fields
    for name, field in fields.items():
        assert field.description and field.description.endswith("."), name


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("flip", {"horizontal": 1.5}, "horizontal = 1.5"),
        ("flip", {"horizontl": 1}, "Did you mean horizontal"),
        ("flip", {"border": "wrap"}, "flip has no option 'border'"),
        ("zoom", {"min_factor": 0}, "min_factor = 0"),
        ("zoom", {"min_factor": 2}, "min_factor = 2.0 is above max_factor = 1.2"),
        ("rotate", {"max_degrees": 361}, "max_degrees = 361"),
        ("translate", {"max_x": 1.01}, "max_x = 1.01"),
        ("shear", {"max_y": 45}, "max_y = 45"),
        ("shear", {"border": "mirror"}, "border = 'mirror'"),
        ("elastic", {"smoothness": 0}, "smoothness = 0"),
        ("noise", {"max_std": -0.1}, "max_std = -0.1"),
        ("color", {"min_hue": -0.6}, "min_hue = -0.6"),
        ("blur", {"max_sigma": float("nan")}, "max_sigma = nan"),
        ("sharpen", {"max_amount": 1.1}, "max_amount = 1.1"),
        ("sharpen", {"threads": 0}, "threads = 0"),
        ("classical", {"probability": 1}, "classical has no option 'probability'"),
        ("classical", {"zoom_min_factor": 3}, "zoom_min_factor = 3.0 is above zoom_max_factor"),
    ],
)
def test_what_is_wrong_is_refused_by_name(name, options, complaint, load):
    with pytest.raises(InputError) as refused:
        load(name, **options)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith(name)


def test_text_is_taken_for_numbers(load, textures, rng):
    typed = load("rotate", probability="1", min_degrees="-10", max_degrees="1e1")
    meant = load("rotate", probability=1, min_degrees=-10, max_degrees=10)
    images = textures()
    assert torch.equal(typed.augment(images, rng()), meant.augment(images, rng()))


def test_classical_has_the_options_of_its_operations(load):
    own = type(load("classical").options).model_fields
    for operation in ("flip", "zoom", "rotate", "translate"):
        for name, field in type(load(operation).options).model_fields.items():
            if name in ("threads", "border", "interpolation"):
                continue
            copied = own[f"{operation}_{name}"]
            assert (copied.default, copied.description) == (field.default, field.description)
            assert copied.metadata == field.metadata
