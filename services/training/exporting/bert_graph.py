"""The graph of a BERT encoder that embeds sentences, written from its weights alone: no torch, and nothing that could be executed.

(Devlin et al. 2019, arXiv:1810.04805; the mean of the token states as in Sentence-BERT, Reimers and Gurevych 2019, arXiv:1908.10084.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

_OPSET = 20
#: Added to the score of a place that holds no token.
_NEVER = -1e9


class BertGraph:
    """Puts the nodes together.

    Args:
        weights: By their names in the checkpoint.
        config: ``config.json`` of the checkpoint.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
        self._weights = weights
        self._config = config
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._count = 0

    def model(self) -> onnx.ModelProto:
        """``input_ids`` and ``attention_mask`` [b, s] in, ``sentence_embedding`` [b, d] of length 1 out."""
        hidden = self._embeddings()
        mask = self._node("Cast", "attention_mask", to=TensorProto.FLOAT)
        absent = self._node("Sub", self._constant(1.0), mask)
        hindrance = self._node("Mul", absent, self._constant(_NEVER))
        hindrance = self._node("Unsqueeze", hindrance, self._constant(np.array([1, 2])))
        for layer in range(self._config["num_hidden_layers"]):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, hindrance)
        self._pooled(hidden, mask)
        shape = ["batch", "seq"]
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
            [
                helper.make_tensor_value_info(
                    "sentence_embedding", TensorProto.FLOAT, ["batch", self._config["hidden_size"]]
                )
            ],
            self._constants,
        )
        opset = helper.make_opsetid("", _OPSET)
        model: onnx.ModelProto = helper.make_model(graph, opset_imports=[opset], ir_version=10)
        return model

    def _embeddings(self) -> str:
        words = self._node("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._node("Shape", "input_ids", start=1, end=2)
        places = self._node(
            "Slice", self._weight("embeddings.position_embeddings.weight"), self._constant(np.array([0])), length
        )
        kind = self._constant(self._weights["embeddings.token_type_embeddings.weight"][0])
        return self._norm("embeddings.LayerNorm", self._node("Add", self._node("Add", words, places), kind))

    def _layer(self, name: str, hidden: str, hindrance: str) -> str:
        attended = self._dense(
            f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", hidden, hindrance)
        )
        hidden = self._norm(f"{name}.attention.output.LayerNorm", self._node("Add", attended, hidden))
        wide = self._node("Gelu", self._dense(f"{name}.intermediate.dense", hidden))
        out = self._dense(f"{name}.output.dense", wide)
        return self._norm(f"{name}.output.LayerNorm", self._node("Add", out, hidden))

    def _attention(self, name: str, hidden: str, hindrance: str) -> str:
        heads = self._config["num_attention_heads"]
        width = self._config["hidden_size"] // heads
        query, key, value = (self._heads(f"{name}.{part}", hidden, heads, width) for part in ("query", "key", "value"))
        scores = self._node("MatMul", query, self._node("Transpose", key, perm=[0, 1, 3, 2]))
        scaled = self._node("Mul", scores, self._constant(1 / math.sqrt(width)))
        shares = self._node("Softmax", self._node("Add", scaled, hindrance), axis=-1)
        mixed = self._node("Transpose", self._node("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._node("Reshape", mixed, self._constant(np.array([0, 0, heads * width])))

    def _heads(self, name: str, hidden: str, heads: int, width: int) -> str:
        apart = self._node("Reshape", self._dense(name, hidden), self._constant(np.array([0, 0, heads, width])))
        return self._node("Transpose", apart, perm=[0, 2, 1, 3])

    def _pooled(self, hidden: str, mask: str) -> None:
        """The mean of the token states, at length 1."""
        wide = self._node("Unsqueeze", mask, self._constant(np.array([2])))
        total = self._node("ReduceSum", self._node("Mul", hidden, wide), self._constant(np.array([1])), keepdims=0)
        mean = self._node("Div", total, self._node("ReduceSum", wide, self._constant(np.array([1])), keepdims=0))
        length = self._node("ReduceL2", mean, self._constant(np.array([1])), keepdims=1)
        self._nodes.append(helper.make_node("Div", [mean, length], ["sentence_embedding"]))

    def _dense(self, name: str, value: str) -> str:
        matrix = self._constant(np.ascontiguousarray(self._weights[f"{name}.weight"].T))
        return self._node("Add", self._node("MatMul", value, matrix), self._weight(f"{name}.bias"))

    def _norm(self, name: str, value: str) -> str:
        return self._node(
            "LayerNormalization",
            value,
            self._weight(f"{name}.weight"),
            self._weight(f"{name}.bias"),
            axis=-1,
            epsilon=self._config["layer_norm_eps"],
        )

    def _weight(self, name: str) -> str:
        return self._constant(self._weights[name])

    def _constant(self, value: float | NDArray[Any]) -> str:
        array = np.float32(value) if isinstance(value, float) else value
        name = self._name()
        self._constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = self._name()
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"


def write_bert_graph(checkpoint: Path, path: Path) -> None:
    """Write the graph of the sentence encoder in a folder with ``config.json`` and ``model.safetensors``."""
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    weights = load_file(checkpoint / "model.safetensors")
    path.write_bytes(BertGraph(weights, config).model().SerializeToString())
