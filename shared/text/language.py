"""Which language a text is in: by its script, by words that tell on their own, and by letter statistics (py3langid)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDETERMINED = "und"

_SCRIPTS = {
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "kana": re.compile("[\u3041-\u30ff]"),
    "hangul": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"),
    "latin": re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "hebrew": re.compile("[\u05d0-\u05ea]"),
    "thai": re.compile("[\u0e01-\u0e4f]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
}

#: A character that is a syllable or a word says about as much as this many letters: "我要退iPhone" is Chinese.
_LETTERS_PER_SIGN = {"han": 3, "kana": 3, "hangul": 3}

#: Scripts that only one language of many speakers is written in.
_ALONE = {"hangul": "ko", "greek": "el", "hebrew": "he", "thai": "th", "devanagari": "hi"}

#: The languages told apart within a script, with how much likelier each is than another before anything is read. More would not
#: help: each language added is one more that a short text can be mistaken for.
_PRIORS = {
    "latin": dict.fromkeys(("en", "de", "es", "fr", "it", "pt", "nl"), 5.0)
    | dict.fromkeys(("cs", "da", "fi", "hu", "id", "no", "pl", "ro", "sv", "tr", "vi"), 1.0),
    "cyrillic": {"ru": 5.0, "uk": 1.0, "bg": 1.0},
    "arabic": {"ar": 5.0, "fa": 1.0, "ur": 1.0},
}

#: Probability from which a language is named. A single unknown word in Latin letters is mostly a name, which is of no language.
_FLOOR = 0.5
_FLOOR_ONE_WORD = 0.97

#: How much likelier each known word makes its languages.
_WORD_COUNTS_FOR = 5.0

#: Characters that are read: the language of a text shows at its beginning.
_READ = 300

#: Addresses, and words with digits: order numbers, times, models.
_NO_WORDS = re.compile(r"\S*(?:\d|@|://|www\.)\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")

#: What customers say in a word or two, too little for statistics, and the commonest words of all. A word of several languages
#: stands with each of them.
_SAID = {
    "en": "yes yep yeah no nope not ok okay hi hello hey thanks thank you please pls sorry stop help cancel order refund sure bye "
    "goodbye good bad great fine today tomorrow yesterday morning evening night two three monday tuesday wednesday thursday "
    "friday saturday sunday agent what when where who why how i my the is to at and of for it",
    "de": "ja nein ok okay hallo danke vielen dank bitte tschüss tschüß servus moin guten tag morgen abend gut schlecht heute "
    "gestern übermorgen hilfe genau nicht montag dienstag mittwoch donnerstag freitag samstag sonntag was wann wo wer warum wie "
    "ich mein der die das ist nach und zu",
    "es": "sí si no ok vale hola adiós gracias muchas por favor perdón buenos buenas días tardes noches bien mal hoy mañana ayer "
    "ayuda nada lunes martes miércoles jueves viernes sábado domingo qué cuándo dónde quién cómo mi el la los una es y de en",
    "fr": "oui non ok salut bonjour bonsoir merci beaucoup pardon désolé au revoir d'accord bien mal demain hier aide "
    "aujourd'hui lundi mardi mercredi jeudi vendredi samedi dimanche quoi quand où qui pourquoi comment je mon ma le la les une "
    "est et de en",
    "it": "sì si no ok ciao buongiorno buonasera grazie mille prego per favore scusi scusa bene male oggi domani ieri dopodomani "
    "aiuto lunedì martedì mercoledì giovedì venerdì sabato domenica cosa quando dove chi perché come mio il la una è e di",
    "pt": "sim não ok oi olá obrigado obrigada muito por favor desculpe adeus bom boa dia tarde noite bem mal hoje amanhã ontem "
    "ajuda nada segunda terça quarta quinta sexta sábado domingo quê quando onde quem porquê como meu o uma é e de em",
    "nl": "ja nee ok oké hallo hoi dag bedankt dank je alstublieft alsjeblieft tot ziens goed slecht vandaag morgen gisteren "
    "overmorgen goedemorgen hulp niet maandag dinsdag woensdag donderdag vrijdag zaterdag zondag wat wanneer waar wie waarom ik "
    "mijn de het een is en naar",
}
_LANGUAGES_OF = {
    word: frozenset(language for language, said in _SAID.items() if word in said.split())
    for word in " ".join(_SAID.values()).split()
}


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language that a text is in, ``und`` when it cannot be told.

    ``und`` is said of what belongs to none or to several languages as well: a name, a number, "ok".
    """
    words = [word.lower().replace("’", "'") for word in _WORD.findall(_NO_WORDS.sub(" ", text[:_READ]))]
    script = _script_of("".join(words))
    if script in ("han", "kana"):
        return "ja" if _SCRIPTS["kana"].search(text[:_READ]) else "zh"
    if script in _ALONE:
        return _ALONE[script]
    if script not in _PRIORS:
        return UNDETERMINED
    known = [_LANGUAGES_OF[word] for word in words if word in _LANGUAGES_OF]
    together = frozenset.intersection(*known) if known else frozenset()
    if len(known) == len(words) and together:
        return next(iter(together)) if len(together) == 1 else UNDETERMINED
    return _likeliest(words, script, Counter(code for codes in known for code in codes))


def _script_of(letters: str) -> str | None:
    """The script that more than half of the letters are in, signs counted for more."""
    if letters.isascii():
        return "latin" if letters else None
    found = {script: len(pattern.findall(letters)) for script, pattern in _SCRIPTS.items()}
    weighed = {script: count * _LETTERS_PER_SIGN.get(script, 1) for script, count in found.items()}
    total = len(letters) + sum(weighed.values()) - sum(found.values())
    weighed["han"] += weighed.pop("kana")  # a Japanese text is in both
    return next((script for script, weight in weighed.items() if 2 * weight > total), None)


def _likeliest(words: list[str], script: str, known: Mapping[str, int]) -> str:
    priors = _PRIORS[script]
    shares = {
        code: share * priors[code] * _WORD_COUNTS_FOR ** known.get(code, 0)
        for code, share in _identifier().rank(" ".join(words))
        if code in priors
    }
    best = max(shares, key=lambda code: shares[code])
    floor = _FLOOR_ONE_WORD if script == "latin" and len(words) == 1 else _FLOOR
    return best if shares[best] >= floor * sum(shares.values()) else UNDETERMINED


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """The model, read when the first text needs it; without the languages that are not told apart, and as fast as can be."""
    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages([code for priors in _PRIORS.values() for code in priors])
    table = np.ascontiguousarray(whole.nb_ptc, np.float32)
    return LanguageIdentifier(
        table, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output, norm_probs=True, tk_row=whole.tk_row
    )
