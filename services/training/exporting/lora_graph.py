"""A decoder's graph that takes the updates of LoRA as inputs, so that all models tuned from one base can share it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from shared.decoding.lora import DOWN, MINE, UP, Factors, Lora

#: As onnxruntime-genai's builder calls the multiplication of a layer, and the parts that it puts side by side into one.
_NAMED = re.compile(r"/model/(layers\.\d+)/(attn|mlp)/(\w+)/MatMul")
_PACKED: Mapping[str, Sequence[str]] = {"qkv_proj": ("q_proj", "k_proj", "v_proj")}
_ROOMS = {"attn": "self_attn", "mlp": "mlp"}


def take_updates(path: Path) -> None:
    """Give each multiplication by weights in a layer of the graph at ``path`` an update of low rank, by inputs (see ``shared.decoding.lora``)."""
    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    nodes: list[NodeProto] = []
    packed: set[int] = set()
    for node in graph.node:
        if node.op_type == "MatMul" and _NAMED.fullmatch(node.name) and node.input[1] in weights:
            name, parts = _name_of(node), len(_parts(node))
            packed.add(parts)
            graph.input.extend(_inputs(name, parts, *weights[node.input[1]]))
            nodes.extend(_updated(node, name, parts))
        else:
            nodes.append(node)
    for parts in sorted(packed):
        shape: list[str | int | None] = ["batch_size", 1, f"{MINE}{parts}"]
        graph.input.append(helper.make_tensor_value_info(f"{MINE}{parts}", TensorProto.FLOAT, shape))
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def _inputs(name: str, parts: int, wide: int, out: int) -> list[Any]:
    ranks = f"{MINE}{parts}"
    shapes: dict[str, list[str | int | None]] = {DOWN: [wide, ranks], UP: [ranks, out]}
    return [helper.make_tensor_value_info(name + end, TensorProto.FLOAT, shape) for end, shape in shapes.items()]


def _updated(node: NodeProto, name: str, parts: int) -> Iterator[NodeProto]:
    """The multiplication, and what is added to it."""
    read, written = node.input[0], node.output[0]
    node.output[0] = f"{name}.plain"
    yield node
    yield helper.make_node("MatMul", [read, f"{name}{DOWN}"], [f"{name}.all"], f"{name}{DOWN}/MatMul")
    yield helper.make_node("Mul", [f"{name}.all", f"{MINE}{parts}"], [f"{name}.own"], f"{name}/Mul")
    yield helper.make_node("MatMul", [f"{name}.own", f"{name}{UP}"], [f"{name}.update"], f"{name}{UP}/MatMul")
    yield helper.make_node("Add", [f"{name}.plain", f"{name}.update"], [written], f"{name}/Add")


def _name_of(node: NodeProto) -> str:
    return node.name.removeprefix("/model/").removesuffix("/MatMul").replace("/", ".")


def _parts(node: NodeProto) -> Sequence[str]:
    """The linear layers of a multiplication, by what they are called in their layer of the model."""
    named = _NAMED.fullmatch(node.name)
    return () if named is None else _PACKED.get(named[3], (named[3],))


def updates_of(path: Path, updates: Mapping[str, Factors], sizes: Mapping[str, int]) -> Lora:
    """The updates of a model, as its graph takes them.

    Args:
        path: The graph.
        updates: By the names of the linear layers.
        sizes: Columns that each linear layer of the model writes, by its name.

    Raises:
        ValueError: The graph has no place for one of them.
    """
    found: dict[str, Factors] = {}
    placed: set[str] = set()
    for node in onnx.load(path, load_external_data=False).graph.node:
        named = _NAMED.fullmatch(node.name)
        if named is None:
            continue
        layer, room, _ = named.groups()
        parts = [f"model.{layer}.{_ROOMS[room]}.{part}" for part in _parts(node)]
        if any(part in updates for part in parts):
            found[_name_of(node)] = _side_by_side(
                [updates.get(part) for part in parts], [sizes[part] for part in parts]
            )
        placed.update(parts)
    if lost := sorted(updates.keys() - placed):
        raise ValueError(f"the graph has no place for the update of {lost[0]}; leave tuning.apart out")
    return found


def _side_by_side(parts: Sequence[Factors | None], sizes: Sequence[int]) -> Factors:
    """The updates of layers that read the same, as one whose ranks are theirs together."""
    there = [part for part in parts if part is not None]
    down = np.concatenate([part.down for part in there], axis=1)
    up = np.zeros((down.shape[1], sum(sizes)), np.float32)
    row = column = 0
    for part, size in zip(parts, sizes, strict=True):
        if part is not None:
            up[row : row + len(part.up), column : column + size] = part.up
            row += len(part.up)
        column += size
    return Factors(down, up)
