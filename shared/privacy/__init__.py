"""Personal numbers and addresses in texts: found, and replaced wherever nobody needs them.

Found are payment cards, bank accounts, phone numbers, e-mail addresses and identity numbers, in English and Chinese
forms. Not found are names, postal addresses, and digits spelled out in English words.
"""
