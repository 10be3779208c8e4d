from __future__ import annotations

import pytest

from shared.errors import InvalidInput
from shared.importing.columns import UnclearColumn
from shared.importing.options import columns_from, options_from, sentiments_from
from tests.unit.importing.files import imported


@pytest.mark.parametrize(
    ("header", "text", "intent"),
    [
        ("Text,Intent", "Text", "Intent"),
        ("id, TEXT ,Intent Name", "TEXT", "Intent Name"),
        ("message,category", "message", "category"),
        ("Customer message,class", "Customer message", "class"),
        ("utterance,lable", "utterance", "lable"),
        ("Messages,Category", "Messages", "Category"),
        ("userMessage,intent_label", "userMessage", "intent_label"),
        ("文本,意图", "文本", "意图"),
        ("评论内容,类别", "评论内容", "类别"),
        ("text,message,intent,label", "text", "intent"),
    ],
)
def test_columns_are_found_by_name_and_likeness(header: str, text: str, intent: str) -> None:
    cells = ",".join("abcd"[: header.count(",") + 1])
    found = imported(f"{header}\n{cells}\n", "a.csv").understanding.columns
    assert (found["text"][0], found["intent"][0]) == (text, intent)


def test_two_that_fit_alike_are_asked_about() -> None:
    content = "Message,Comment,Category\nhi,x,greet\n"
    with pytest.raises(UnclearColumn, match=r"'Message', 'Comment' may all be 'text'") as unclear:
        imported(content, "a.csv")
    assert (unclear.value.target, unclear.value.candidates) == ("text", ("Message", "Comment"))
    assert unclear.value.example == "text=Message"
    assert imported(content, "a.csv", columns={"text": "comment"}).rows[0] == {"text": "x", "intent": "greet"}


def test_none_that_fits_names_the_likeliest() -> None:
    with pytest.raises(UnclearColumn, match=r"'text': the file has 'id', 'Bericht', 'Art'") as unclear:
        imported("id,Bericht,Art\n1,where is my order,a\n2,hello there,b\n", "a.csv")
    assert unclear.value.example == "text=Bericht"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"text": "nowhere"}, "no column 'nowhere': it has 'text', 'intent'"),
        ({"colour": "text"}, "'colour' is no field"),
        ({"text": "text", "answers": "intent", "intent": "intent"}, "have no"),
    ],
)
def test_a_map_that_cannot_be_is_refused(columns: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        imported("text,intent\na,b\n", "a.csv", columns=columns)


def test_an_empty_name_says_that_there_is_none() -> None:
    result = imported("text,intent,sentiment\na,b,meh\n", "a.csv", columns={"sentiment": ""})
    assert list(result.rows) == [{"text": "a", "intent": "b"}]


def test_values_tell_what_a_label_is() -> None:
    assert imported("text,label\na,positive\nb,NEG\n", "a.csv").rows[1] == {"text": "b", "sentiment": "negative"}
    assert imported("text,label\na,好评\nb,差评\n", "a.csv").rows[1] == {"text": "b", "sentiment": "negative"}
    assert imported("text,label\na,positive\nb,refund\n", "a.csv").rows[0] == {"text": "a", "intent": "positive"}
    spans = '{"text": "Rome", "label": [{"start": 0, "end": 4, "text": "Rome", "labels": ["city"]}], "id": 1}\n'
    assert imported(spans, "a.json").rows[0]["entities"] == [{"start": 0, "end": 4, "label": "city"}]


def test_spans_in_a_cell_are_spans_whoever_counted_them() -> None:
    cell = '"[{""start"": 13, ""end"": 23, ""text"": ""annotation"", ""labels"": [""Annotation""]}]"'
    content = f"id\ttext\tlabel\tannotator\n1\t💩This is an annotation.\t{cell}\t2\n"  # a table of Label Studio
    assert imported(content, "export.tsv").rows[0] == {
        "text": "💩This is an annotation.",
        "entities": [{"start": 12, "end": 22, "label": "Annotation"}],
    }


def test_a_label_of_sentiments_leaves_the_intent_to_its_neighbour() -> None:
    row = imported("text,label,topic\na,positive,refund\n", "a.csv").rows[0]
    assert row == {"text": "a", "sentiment": "positive", "intent": "refund"}
    own = imported("text,label,sentiment\na,positive,negative\n", "a.csv").rows[0]
    assert own == {"text": "a", "intent": "positive", "sentiment": "negative"}


def test_numbers_for_sentiments_have_to_be_told() -> None:
    content = "text,sentiment\na,0\nb,1\n"
    with pytest.raises(InvalidInput, match="'0' is no sentiment"):
        imported(content, "a.csv")
    result = imported(content, "a.csv", sentiments={"0": "negative", "1": "positive"})
    assert [row["sentiment"] for row in result.rows] == ["negative", "positive"]


@pytest.mark.parametrize(
    ("content", "task", "row"),
    [
        (
            '{"question": "who?", "context": "it was Ann", "answers": {"text": ["Ann"], "answer_start": [7]}}',
            "question_answering",
            {"question": "who?", "context": "it was Ann", "answers": [{"text": "Ann", "start": 7}]},
        ),
        (
            '{"tokens": ["a", "b"], "tags": ["O", "B-x"]}',
            "token_classification",
            {"tokens": ["a", "b"], "tags": ["O", "B-x"]},
        ),
        (
            '{"text": "a", "text_pair": "b", "score": "0,5"}',
            "pair_classification",
            {"text": "a", "text_pair": "b", "score": 0.5},
        ),
        (
            '{"query": "a", "positive": "b", "negatives": ["c"]}',
            "embedding",
            {"query": "a", "positive": "b", "negatives": ["c"]},
        ),
        ('{"input": "a", "target": "b"}', "seq2seq", {"input": "a", "target": "b"}),
        (
            '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}',
            "text_generation",
            {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]},
        ),
    ],
)
def test_rows_of_other_tasks_are_known_by_their_fields(content: str, task: str, row: dict[str, object]) -> None:
    result = imported(content, "a.jsonl")
    assert (result.understanding.task, list(result.rows)) == (task, [row])


def test_a_task_that_is_told_brings_its_own_names() -> None:
    chat = '{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}'
    assert imported(chat, "a.jsonl", task="text_generation").rows[0]["messages"][1] == {
        "role": "assistant",
        "content": "yo",
    }
    pair = imported("premise,hypothesis,label\na,b,1.0\n", "a.csv", task="pair_classification")
    assert pair.rows[0] == {"text": "a", "text_pair": "b", "label": "1.0"}
    labels = imported("text,labels\na,x|y\n", "a.csv", task="text_classification")
    assert labels.rows[0] == {"text": "a", "labels": ["x", "y"]}
    assert imported("message,class\na,x\n", "a.csv", columns={"label": "class"}).rows[0] == {"text": "a", "label": "x"}


def test_a_query_with_several_answers_is_a_row_for_each() -> None:
    faq = imported('{"question": "when?", "answer": ["at nine", "daily"]}', "a.jsonl", task="embedding")
    assert list(faq.rows) == [{"query": "when?", "positive": "at nine"}, {"query": "when?", "positive": "daily"}]


def test_what_does_not_fit_together_is_left_out() -> None:
    tags = imported('{"tokens": ["a"], "tags": []}\n{"tokens": ["a"], "tags": ["O"]}', "a.jsonl")
    assert tags.understanding.left_out_count == 1
    answer = '{"question": "q", "context": "abc", "answers": [{"text": "b", "start": %d}]}\n'
    assert len(imported(answer % 0 + answer % 1, "a.jsonl").rows) == 1


def test_an_answer_without_its_start_is_looked_up_if_it_stands_there_once() -> None:
    line = '{"question": "q", "context": "a b a", "answers": ["%s"]}\n'
    result = imported(line % "b" + line % "a" + line % "c", "a.jsonl")
    assert [row["answers"] for row in result.rows] == [[{"text": "b", "start": 2}]]
    assert result.understanding.left_out_count == 2


def test_tokens_and_tags_beside_an_intent_become_a_text_with_entities() -> None:
    content = '{"tokens": ["to", "Rome", "now"], "ner_tags": ["O", "B-city", "O"], "intent": "x"}\n{"tokens": ["a"], "ner_tags": [], "intent": "x"}'
    result = imported(content, "a.jsonl")
    assert list(result.rows) == [
        {"text": "to Rome now", "intent": "x", "entities": [{"start": 3, "end": 7, "label": "city"}]}
    ]
    assert result.understanding.left_out == [("no text", 1, [2])]
    chinese = '{"tokens": ["去", "北", "京", "by", "bus"], "tags": ["O", "B-city", "I-city", "O", "O"]}'
    assert imported(chinese, "a.jsonl").understanding.task == "token_classification"
    assert imported(chinese, "a.jsonl", task="nlu").rows[0] == {
        "text": "去北京 by bus",
        "entities": [{"start": 1, "end": 3, "label": "city"}],
    }


def test_what_is_typed_is_read() -> None:
    assert columns_from("text=a, b=c,intent = d") == {"text": "a, b=c", "intent": "d"}
    assert sentiments_from("0=negative,1=positive") == {"0": "negative", "1": "positive"}
    for wrong in ("text", "=a", "text=a,text=b"):
        with pytest.raises(InvalidInput, match=r"understood|twice"):
            columns_from(wrong)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ([], "import"),
        ({"colour": 1}, "import[colour]"),
        ({"map": {"text": 1}}, "import[map]"),
        ({"map": {"nothing": "x"}}, "import[map]"),
        ({"sheet": 1}, "import[sheet]"),
        ({"header": "x"}, "import[header]"),
        ({"header": -1}, "import[header]"),
        ({"task": "cooking"}, "import[task]"),
        ({"sentiments": {"1": "good"}}, "import[sentiments]"),
    ],
)
def test_options_of_a_request_name_their_field(given: object, param: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        options_from(given)
    assert refused.value.param == param


def test_a_report_that_outlives_the_file_is_masked() -> None:
    report = imported("text,intent\nmail ann@example.org now,x\n", "a.csv").understanding.as_json()
    assert "ann@example.org" not in str(report)
    assert report["columns"]["text"] == {"column": "text", "found_by": "name"}


def test_many_columns_of_alike_or_endless_names_take_no_time() -> None:
    names = [f"label {n} of the message" for n in range(150)] + ["x" * 50_000, "text", "intent"]
    content = ",".join(names) + "\n" + ",".join("positive" for _ in names) + "\n"
    assert imported(content, "a.csv").rows[0]["intent"] == "positive"
