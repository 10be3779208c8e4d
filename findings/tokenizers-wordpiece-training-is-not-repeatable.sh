#!/usr/bin/env bash
# tokenizers 0.23.3: a WordPiece vocabulary trained on the same texts has other ids in every process, with one thread too; a BPE vocabulary has not.
#
# WordPieceTrainer is BpeTrainer with continuing_subword_prefix="##", and with that prefix the pieces get their ids in the order of a hash map with random
# keys; where counts are equal, merges follow these ids, so that on real texts the pieces themselves differ by a few. Without a prefix BpeTrainer gives the
# same file every time. A good guess would be that both are deterministic, or neither: a job that begins again and trains its WordPiece vocabulary again
# reads its stored weights by other ids, without any error.
#
# Seen, in the last lines below:
#   BPE: 6 runs, 1 file
#   WordPiece: 6 runs, 6 files
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.3
cat > "$folder/trained.py" <<'PYTHON'
import hashlib
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

chance = random.Random(0)
words = ["".join(chance.choice("abcdefgh") for _ in range(chance.randint(2, 9))) for _ in range(3000)]
texts = [" ".join(chance.choices(words, k=12)) for _ in range(2000)]
model, trainer = {
    "BPE": (models.BPE(unk_token="[UNK]"), trainers.BpeTrainer),
    "WordPiece": (models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer),
}[sys.argv[1]]
tokenizer = Tokenizer(model)
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator(texts, trainer(vocab_size=2000, special_tokens=["[UNK]"], show_progress=False))
print(hashlib.sha256(tokenizer.to_str().encode()).hexdigest())
PYTHON
for kind in BPE WordPiece; do
  for _ in 1 2 3 4 5 6; do
    RAYON_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false "$folder/venv/bin/python" "$folder/trained.py" "$kind"
  done | sort -u | wc -l > "$folder/$kind"
  echo "$kind: 6 runs, $(cat "$folder/$kind") files"
done
test "$(cat "$folder/BPE")" -eq 1
test "$(cat "$folder/WordPiece")" -gt 1
