"""``weights_by=shape``: files that name the weights of a network differently.

The files are made here, of random numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.planted import PLANTED
from safetensors.torch import save_file
from torchvision import models

import neuplug
from neuplug import InputError

State = dict[str, torch.Tensor]

SIZE = (32, 32)
CASES = [("mobilenetv2", {"width_mult": 0.25}), ("resnet18", {"stem": "imagenet"})]
every_case = pytest.mark.parametrize(("name", "options"), CASES, ids=[c[0] for c in CASES])


def state_of(name: str, options: dict[str, Any], classes: int = 7) -> State:
    """Random weights under the network's own names."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        net = neuplug.load(name, **options).build(classes, 3, SIZE)
        for buffer in net.buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 1.5)
    return dict(net.state_dict())


def renamed(state: State) -> State:
    """The same under names such as ``net.layer12.weight``."""
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    numbers = {layer: i for i, layer in enumerate(layers)}
    return {
        f"net.layer{numbers[layer]}.{kind}": tensor
        for (layer, _, kind), tensor in ((key.rpartition("."), t) for key, t in state.items())
    }


def body(state: State) -> State:
    return {k: t for k, t in state.items() if not k.startswith(("classifier.", "fc."))}


def read(file: Path, name: str, options: dict[str, Any], classes: int = 3) -> Any:
    component = neuplug.load(name, weights=str(file), weights_by="shape", **options)
    component.check_images(3, SIZE)
    return component.build(classes, 3, SIZE).state_dict()


def refused(file: Path, content: State, name: str = "mobilenetv2", **options: Any) -> str:
    torch.save(content, file)
    component = neuplug.load(
        name, weights=str(file), weights_by="shape", **(options or dict(CASES)[name])
    )
    with pytest.raises(InputError) as before:
        component.check_images(3, SIZE)
    with pytest.raises(InputError) as raised:
        component.build(3, 3, SIZE)
    assert str(raised.value) == str(before.value)
    return str(raised.value)


@every_case
@pytest.mark.parametrize("kind", ["whole", "without a head", "without counters"])
def test_other_names_of_the_same_sequence(
    tmp_path: Path, name: str, options: dict[str, Any], kind: str
) -> None:
    state = state_of(name, options)
    content = renamed(body(state) if kind == "without a head" else state)
    if kind == "without counters":
        content = {k: t for k, t in content.items() if "num_batches" not in k}
    torch.save(content, tmp_path / "w.pt")
    found = read(tmp_path / "w.pt", name, options)
    for key, tensor in body(state).items():
        assert torch.equal(found[key], tensor) or key.endswith("num_batches_tracked")
    kept = read(tmp_path / "w.pt", name, options, classes=7)  # as many classes as the file's head
    heads = set(state) - set(body(state))
    assert all(torch.equal(kept[k], state[k]) for k in heads) is (kind != "without a head")


@every_case
def test_by_name_the_option_is_named(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    file = tmp_path / "w.pt"
    torch.save(renamed(state_of(name, options)), file)
    with pytest.raises(InputError, match=r"is missing\. .* try weights_by=shape\.$"):
        neuplug.load(name, weights=str(file), **options).check_images(3, SIZE)


def swapped(content: State, first: str, second: str) -> State:
    """The same with two layers in each other's place, names and all."""
    items = list(content.items())
    one, other = ([i for i in items if i[0].startswith(f"{p}.")] for p in (first, second))
    start, end = items.index(one[0]), items.index(other[0])
    between = items[start + len(one) : end]
    return dict([*items[:start], *other, *between, *one, *items[end + len(other) :]])


def test_layers_of_other_shapes_in_another_order(tmp_path: Path) -> None:
    content = renamed(state_of(*CASES[0]))
    said = refused(tmp_path / "w.pt", swapped(content, "net.layer0", "net.layer2"))
    assert "net.layer2.weight has the shape (8, 1, 3, 3) where the network has features.0.0" in said


def test_layers_of_the_same_shape_in_another_order(tmp_path: Path) -> None:
    """Their numbers give it away."""
    content = renamed(state_of(*CASES[1]))
    names = [name for name in content if content[name].shape == (64, 64, 3, 3)]
    first, second = (name.rpartition(".")[0] for name in names[:2])
    said = refused(tmp_path / "w.pt", swapped(content, first, second), "resnet18")
    assert "its layers are in another order" in said and "though its name says otherwise" in said


def test_parts_of_a_layer_in_another_order(tmp_path: Path) -> None:
    content = renamed(state_of(*CASES[0]))
    order = list(content)
    mean, variance = (order.index(f"net.layer1.running_{part}") for part in ("mean", "var"))
    order[mean], order[variance] = order[variance], order[mean]
    said = refused(tmp_path / "w.pt", {name: content[name] for name in order})
    assert "net.layer1.running_var is where the network has features.0.1.running_mean" in said


def test_a_layer_in_two_places(tmp_path: Path) -> None:
    """A bias of one layer under the name of the layer before."""
    content = renamed(state_of(*CASES[0]))
    moved = {k.replace("layer5.bias", "layer4.bias"): tensor for k, tensor in content.items()}
    assert "another order or of other kinds" in refused(tmp_path / "w.pt", moved)


def test_a_tensor_that_is_missing_and_one_too_many(tmp_path: Path) -> None:
    content = renamed(state_of(*CASES[0]))
    tensors = len([name for name in content if "num_batches" not in name])
    few = {name: tensor for name, tensor in content.items() if name != "net.layer5.bias"}
    for changed, count in ((few, tensors - 1), ({**content, "more.x": torch.ones(2)}, tensors + 1)):
        said = refused(tmp_path / "w.pt", changed)
        assert f"it has {count} tensors, and the network has {tensors}, or {tensors - 2}" in said


def test_another_network(tmp_path: Path) -> None:
    said = refused(tmp_path / "w.pt", renamed(dict(models.resnet18().state_dict())))
    assert "w.pt does not fit mobilenetv2 with width_mult=0.25 by shape: it has 102 tensors" in said
    wider = renamed(state_of("mobilenetv2", {"width_mult": 0.5}))
    assert "net.layer0.weight has the shape (16, 3, 3, 3)" in refused(tmp_path / "w.pt", wider)


def test_the_network_s_own_names(tmp_path: Path) -> None:
    """By name they are right whatever their order."""
    said = refused(tmp_path / "w.pt", dict(reversed(state_of(*CASES[0]).items())))
    assert "leave weights_by=shape out" in said


def test_safetensors_keeps_no_order(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_file(renamed(state_of(*CASES[0])), file)
    with pytest.raises(InputError, match=r"a \.safetensors file keeps no order"):
        read(file, *CASES[0])


@pytest.mark.parametrize("weights", [{}, {"weights": "none"}])
def test_it_is_for_a_file(weights: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"resnet18: weights_by=shape is for a file"):
        neuplug.load("resnet18", weights_by="shape", **weights)


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_in_a_file_never_runs(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    PLANTED[name](tmp_path / name, mark)
    with pytest.raises(InputError, match=name):
        read(tmp_path / name, *CASES[0])
    assert not mark.exists()


def test_a_damaged_file(tmp_path: Path) -> None:
    file = tmp_path / "w.pt"
    torch.save(renamed(state_of(*CASES[0])), file)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"w.pt cannot be read as weights: it is damaged"):
        read(file, *CASES[0])


def test_a_run_says_that_it_matched_by_shape(tmp_path: Path) -> None:
    file = tmp_path / "w.pt"
    torch.save(renamed(state_of(*CASES[0])), file)
    images = neuplug.training_set(
        torch.randint(0, 256, (16, 1, 32, 32), dtype=torch.uint8), ["rust", "dent"] * 8
    )
    chosen = {"width_mult": 0.25, "weights": str(file), "weights_by": "shape", "freeze": True}
    result = neuplug.compose(
        images, clf=["mobilenetv2"], options={"mobilenetv2": chosen}, training={"steps": 2},
        per_class=4, repeats=1, workers=0, project=tmp_path / "runs", report=False,
    )  # fmt: skip
    told = [w for w in result.results.warnings if w.startswith("mobilenetv2.weights_by = shape")]
    assert len(told) == 1 and str(file) in told[0] and told[0] in str(result)
