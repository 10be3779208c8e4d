"""The user tower: a history of item vectors as the vector of what is wanted next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from shared.tasks.recommendation.neighbours import Floats, Ints

#: Items that are read, the last ones; what is older says the same whatever its place.
_READ = 20

_STEPS = 300
_BATCH = 128
_NEGATIVES = 384
_RATE = 1e-3
_SCALE = 20.0
#: Places of a history that train at most.
_MOST = 200_000


class UserTower(nn.Module):
    """Attention pooling: each item says how much it matters by what it is and how long ago it was, and the mean is bent a little.

    Untrained it is the mean of the last items, the newest first.

    Args:
        width: Of the vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        last, least = nn.Linear(64, width), nn.Linear(32, 1)
        self.matters = nn.Sequential(nn.Linear(width, 32), nn.Tanh(), least)
        self.recency = nn.Parameter(-0.3 * torch.arange(_READ, dtype=torch.float32))
        self.bend = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), last)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        nn.init.zeros_(least.weight)

    def forward(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        """[b, d], of length 1.

        Args:
            vectors: [b, h, d], oldest first.
            mask: [b, h], 1 at items; without it all are.
        """
        age = torch.arange(vectors.shape[1], device=vectors.device).flip(0).clamp(max=_READ - 1)
        weights = self.matters(vectors).squeeze(-1) + self.recency[age]
        if mask is not None:
            weights = weights.masked_fill(mask == 0, -1e9)
        pooled = (torch.softmax(weights, dim=1).unsqueeze(-1) * vectors).sum(dim=1)
        return normalize(pooled + self.bend(pooled), dim=-1)


def fit_user_tower(vectors: Floats, chosen: Sequence[Ints], seed: int) -> UserTower:
    """Learn to foretell each item of each history from those before it, against items drawn by chance and those of the batch.

    Args:
        vectors: [n, d] of all items; they stay as they are.
        chosen: What each person chose, oldest first, as rows of items.
        seed: Of weights and draws.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tower, items = UserTower(vectors.shape[1]), torch.from_numpy(vectors)
    places = [(person, place) for person, told in enumerate(chosen) for place in range(1, len(told))]
    if not places:
        return tower.eval()
    picked = np.array(places)[rng.permutation(len(places))[:_MOST]]
    counts = np.bincount(np.concatenate(chosen), minlength=len(vectors)) + 1.0
    share = torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32))
    optimizer = torch.optim.AdamW(tower.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for _ in range(_STEPS):
        drawn = picked[rng.integers(len(picked), size=min(_BATCH, len(picked)))]
        histories, mask, right = _batch(chosen, drawn)
        others = torch.from_numpy(rng.integers(len(vectors), size=min(_NEGATIVES, len(vectors))))
        wanted = tower(items[histories], mask)
        logits = _SCALE * wanted @ torch.cat([items[right], items[others]]).T
        # Those of the batch are met as often as they are chosen, those by chance all alike.
        chance = torch.full((len(others),), -float(np.log(len(vectors))))
        logits = logits - torch.cat([share[right], chance])[None, :]
        columns = torch.cat([right, others])
        own = torch.arange(len(right))
        equal = columns[None, :] == right[:, None]
        equal[own, own] = False
        loss = cross_entropy(logits.masked_fill(equal, -torch.inf), own)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return tower.eval()


def _batch(chosen: Sequence[Ints], drawn: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    width = min(_READ, max(int(place) for _, place in drawn))
    histories = np.zeros((len(drawn), width), np.int64)
    mask = np.zeros((len(drawn), width), np.int64)
    right = np.zeros(len(drawn), np.int64)
    for row, (person, place) in enumerate(drawn):
        before = chosen[person][max(0, place - width) : place]
        histories[row, width - len(before) :], mask[row, width - len(before) :] = before, 1
        right[row] = chosen[person][place]
    return torch.from_numpy(histories), torch.from_numpy(mask), torch.from_numpy(right)
