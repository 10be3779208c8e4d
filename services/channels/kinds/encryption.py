"""AES-256 in CBC mode, as Feishu and WeCom encrypt what they post."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from services.channels.kinds.kind import Refused

_BLOCK = 16


def decrypted(key: bytes, initial: bytes | None, encoded: str, padded_to: int = _BLOCK) -> bytes:
    """The plain bytes.

    Args:
        key: 32 bytes.
        initial: The initial vector; ``None``: the first block is it.
        encoded: In base64.
        padded_to: Bytes to whose multiple it was padded, as PKCS #7 has it.

    Raises:
        Refused: It was not encrypted with this key. Why is not told: whoever may ask again and again could decrypt by the answers.
    """
    try:
        content = base64.b64decode(encoded, validate=True)
        if initial is None:
            initial, content = content[:_BLOCK], content[_BLOCK:]
        decryptor = Cipher(AES256(key), CBC(initial)).decryptor()
        plain = decryptor.update(content) + decryptor.finalize()
    except ValueError:
        raise _undecipherable() from None
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= padded_to or plain[-padding:] != bytes([padding]) * padding:
        raise _undecipherable()
    return plain[:-padding]


def _undecipherable() -> Refused:
    return Refused("It was not encrypted with the key of this channel.")
