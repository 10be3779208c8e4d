from __future__ import annotations

import pytest

from shared.text.language import language_of

SENTENCES = {
    "en": ("Where is my order?", "please cancel it", "the day after tomorrow", "it arrived broken", "BOOK A FLIGHT"),
    "de": ("Wo ist meine Bestellung?", "bitte stornieren", "Ich will mein Geld zurück", "kein Interesse"),
    "es": ("¿Dónde está mi pedido?", "no funciona", "quiero que me devuelvan el dinero", "a qué hora abren"),
    "fr": ("Où est ma commande ?", "ça ne marche pas", "je veux être remboursé", "une table pour deux ce soir"),
    "it": ("Dov'è il mio ordine?", "non funziona", "voglio indietro i miei soldi", "un tavolo per due stasera"),
    "pt": ("Onde está o meu pedido?", "não funciona", "quero o meu dinheiro de volta", "depois de amanhã"),
    "nl": ("Waar is mijn bestelling?", "het werkt niet", "ik wil mijn geld terug", "een tafel voor twee vanavond"),
    "pl": ("Gdzie jest moje zamówienie?",),
    "tr": ("Siparişim nerede?",),
    "ru": ("где мой заказ", "Рейс отменили, и никто мне не сказал", "спасибо"),
    "uk": ("Де моє замовлення?",),
    "ar": ("أين طلبي؟", "شكرا جزيلا"),
    "el": ("Πού είναι η παραγγελία μου;",),
    "zh": ("我的订单在哪里？", "我要退iPhone", "谢谢"),
    "ja": ("注文はどこですか", "パスワードを忘れました"),
    "ko": ("주문 어디", "감사합니다"),
}
SHORT_ANSWERS = {
    "en": ("yes", "hello", "thanks", "no thanks", "stop", "tomorrow", "five people"),
    "de": ("danke", "nein", "ja bitte", "Vielen Dank", "guten tag", "übermorgen"),
    "es": ("hola", "gracias", "sí", "buenos días", "mañana"),
    "fr": ("merci", "oui", "bonjour", "d’accord", "demain"),
    "it": ("grazie", "ciao", "sì", "domani"),
    "pt": ("obrigado", "sim", "bom dia", "amanhã"),
    "nl": ("bedankt", "dank je", "nee", "goedemorgen"),
}
OF_NONE = (
    *(
        "",
        "  ",
        "12345 !!! 🙂",
        "A-10432",
        "LH 438",
        "anna@example.com",
        "https://example.com/where-is-it",
        "08/12/2026",
    ),
    *("Lufthansa", "Berlin", "Müller", "Schmidt", "San Francisco", "Samsung Galaxy", "iPhone 15", "asdf"),
)
OF_SEVERAL = ("ok", "no", "hallo", "por favor", "ja")


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for texts in (SENTENCES, SHORT_ANSWERS) for language in texts for text in texts[language]],
)
def test_the_language_is_told(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", [*OF_NONE, *OF_SEVERAL])
def test_what_belongs_to_no_language_or_to_several_is_undetermined(text: str) -> None:
    assert language_of(text) == "und"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I would like to book a table at 鼎泰豐 tonight", "en"),
        ("Ich habe am Dienstag die Order A-10432 von anna@example.com bezahlt", "de"),
        ("\ud83d where is my order", "en"),
    ],
)
def test_names_and_numbers_in_a_text_do_not_mislead(text: str, language: str) -> None:
    assert language_of(text) == language
