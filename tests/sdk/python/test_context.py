"""A pack attached by the header `jeton-context`: the same answer as with the same text pasted by hand, on every face, streamed or not."""

import json
import urllib.request

import pytest

from conftest import EXTRACT, KEY_ADMIN, STEADY, URL, openai, receipt

QUESTION = "Within how many days is a refund of a kettle possible?"
HEADER = {"jeton-context": "refunds"}


def compiled():
    """What Jeton compiles for the question, as one would paste it."""
    body = json.dumps({"task": QUESTION, "pack": "refunds"}).encode()
    headers = {"authorization": f"Bearer {KEY_ADMIN}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/api/context/compile", body, headers), timeout=30) as response:
        return "".join(segment["text"] for segment in json.load(response)["segments"])


def chat(oai, ant, pasted, headers, stream):
    messages = ([{"role": "system", "content": pasted}] if pasted else []) + [{"role": "user", "content": QUESTION}]
    answer = oai.chat.completions.create(model=EXTRACT, messages=messages, stream=stream, extra_headers=headers)
    if stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    return answer.choices[0].message.content


def response_input(oai, pasted, headers, stream):
    """The tokens that a provider of the Responses face counted as input."""
    said = {"instructions": pasted} if pasted else {}
    answer = oai.responses.create(model=STEADY, input=QUESTION, stream=stream, extra_headers=headers, **said)
    if stream:
        return next(event.response.usage.input_tokens for event in answer if event.type == "response.completed")
    return answer.usage.input_tokens


def messages(oai, ant, pasted, headers, stream):
    said = {"system": pasted} if pasted else {}
    asked = {"model": EXTRACT, "max_tokens": 200, "messages": [{"role": "user", "content": QUESTION}], "extra_headers": headers, **said}
    if stream:
        with ant.messages.stream(**asked) as answer:
            return "".join(answer.text_stream)
    return ant.messages.create(**asked).content[0].text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("face", [chat, messages])
def test_a_pack_answers_as_the_same_text_pasted_by_hand(oai, ant, face, stream):
    pasted = face(oai, ant, compiled(), {}, stream)
    attached = face(oai, ant, None, HEADER, stream)
    assert "30 days" in attached
    assert attached == pasted


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_takes_in_as_much_as_with_the_text_pasted_by_hand(oai, stream):
    alone, pasted, attached = (response_input(oai, text, headers, stream) for text, headers in [(None, {}), (compiled(), {}), (None, HEADER)])
    assert alone < pasted == attached


def test_the_receipt_says_what_was_attached(oai):
    raw = oai.chat.completions.with_raw_response.create(model=EXTRACT, messages=[{"role": "user", "content": QUESTION}], extra_headers=HEADER)
    context = receipt(raw.headers)["context"]
    assert (context["pack"], [span["unit"] for span in context["spans"]]) == ("refunds", ["doc:context/refunds.md"])
    assert 0 < context["tokens"] <= context["budget_tokens"] == 300


def test_a_pack_that_is_not_there_is_refused(oai):
    with pytest.raises(openai.BadRequestError) as refused:
        oai.chat.completions.create(model=EXTRACT, messages=[{"role": "user", "content": QUESTION}], extra_headers={"jeton-context": "refund"})
    assert refused.value.code == "pack_not_found"
    assert "refunds" in str(refused.value)
