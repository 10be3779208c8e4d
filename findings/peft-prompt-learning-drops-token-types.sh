#!/usr/bin/env bash
# peft 0.21.2, prefix tuning of an encoder (task_type FEATURE_EXTRACTION): token_type_ids are dropped.
#
# A BERT-like encoder tells its first segment from its second by token_type_ids (question and context, text and what was said before).
# Wrapped by peft's prompt-learning methods, the encoder is called without them: peft warns ("Token type ids are not supported for parameter
# efficient tuning. Ignoring token type ids") and goes on, so that all tokens are read as of the first segment. Other methods of peft (LoRA) pass them on.
# A good guess would be that a wrapper adds virtual tokens and leaves the other inputs alone: the same encoder, unwrapped, gives other states for other types.
#
# Seen, in the last lines below:
#   plain encoder: types change the states: True
#   LoRA: types change the states: True
#   prefix tuning: types change the states: False
#   prefix tuning warns: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check peft==0.21.2 transformers==5.23.0 torch==2.13.0 accelerate==1.15.0
cat > "$folder/shown.py" <<'PYTHON'
import sys
import warnings

import torch
from peft import LoraConfig, PrefixTuningConfig, get_peft_model
from transformers import BertConfig, BertModel

torch.manual_seed(0)
SHAPE = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=100, initializer_range=0.2)
IDS = torch.tensor([[5, 6, 7, 8]])
ONE, OTHER = torch.zeros_like(IDS), torch.tensor([[0, 0, 1, 1]])


def types_matter(model) -> bool:
    with torch.no_grad():
        states = [model(input_ids=IDS, attention_mask=torch.ones_like(IDS), token_type_ids=types).last_hidden_state for types in (ONE, OTHER)]
    return not torch.allclose(*states)


def encoder() -> BertModel:
    return BertModel(BertConfig(**SHAPE)).eval()


plain = types_matter(encoder())
lora = types_matter(get_peft_model(encoder(), LoraConfig(target_modules=["query"])).eval())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    prefixed = get_peft_model(encoder(), PrefixTuningConfig(task_type="FEATURE_EXTRACTION", num_virtual_tokens=4)).eval()
    prefix = types_matter(prefixed)
warned = any("Token type ids are not supported" in str(one.message) for one in caught)
print("plain encoder: types change the states:", plain)
print("LoRA: types change the states:", lora)
print("prefix tuning: types change the states:", prefix)
print("prefix tuning warns:", warned)
sys.exit(0 if (plain, lora, prefix, warned) == (True, True, False, True) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
