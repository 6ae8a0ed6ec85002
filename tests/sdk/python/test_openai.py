"""The official OpenAI SDK against the built-in and simulated models."""

import json

import pytest
from conftest import EXTRACT, SAID, STEADY, TOOLS, check_openai_usage, check_record, check_responses_usage, input_total, receipt
from pydantic import BaseModel

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}]
ADA = "name: Ada Lovelace\nage: 36\ncity: London\n"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
WEATHER_TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city.", "parameters": WEATHER}}


class Person(BaseModel):
    name: str
    age: int


def test_chat(oai):
    raw = oai.chat.completions.with_raw_response.create(model=STEADY, messages=HELLO, max_tokens=200)
    answer, record = raw.parse(), receipt(raw.headers)
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].message.content
    check_record(record, STEADY, "chat", answer.choices[0].finish_reason)
    assert STEADY.endswith(answer.model)
    check_openai_usage(record, answer.usage)


@pytest.mark.parametrize("asks_for_usage", [True, False])
def test_chat_stream(oai, asks_for_usage):
    options = {"stream_options": {"include_usage": True}} if asks_for_usage else {}
    raw = oai.chat.completions.with_raw_response.create(model=STEADY, messages=HELLO, max_tokens=200, stream=True, **options)
    chunks = list(raw.parse())
    record = receipt(raw.headers)
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    content = [chunk for chunk in chunks if chunk.choices]
    assert [chunk.choices[0].delta.role for chunk in content if chunk.choices[0].delta.role] == ["assistant"]
    finishes = [chunk.choices[0].finish_reason for chunk in content if chunk.choices[0].finish_reason]
    assert len(finishes) == 1
    check_record(record, STEADY, "chat", finishes[0], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in content)
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    if asks_for_usage:
        assert len(usages) == 1 and chunks[-1].usage and chunks[-1].choices == []
        check_openai_usage(record, usages[0])
    else:
        assert usages == [] and len(content) == len(chunks)
        assert record["usage"]["output"] > 0


def test_chat_stream_helper(oai):
    with oai.chat.completions.stream(model=STEADY, messages=HELLO, max_tokens=200, stream_options={"include_usage": True}) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        answer = stream.get_final_completion()
    assert text == answer.choices[0].message.content and answer.usage.completion_tokens > 0


def test_an_answer_in_pieces_is_the_answer(oai):
    whole = oai.chat.completions.create(model=SAID, messages=HELLO, max_tokens=200)
    pieces = oai.chat.completions.create(model=SAID, messages=HELLO, max_tokens=200, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in pieces if chunk.choices)
    assert text == whole.choices[0].message.content


def test_tools(oai):
    raw = oai.chat.completions.with_raw_response.create(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200)
    answer, record = raw.parse(), receipt(raw.headers)
    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls" and len(calls) == 2
    assert len({call.id for call in calls}) == 2
    assert all(call.function.name == "get_weather" and json.loads(call.function.arguments)["city"] for call in calls)
    check_record(record, TOOLS, "chat", "tool_calls")
    assert record["tool_calls"] == 2


def test_tools_streamed(oai):
    raw = oai.chat.completions.with_raw_response.create(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200, stream=True)
    calls = {}
    for chunk in raw.parse():
        for piece in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
            call = calls.setdefault(piece.index, {"id": [], "name": [], "arguments": ""})
            call["id"] += [piece.id] if piece.id else []
            call["name"] += [piece.function.name] if piece.function.name else []
            call["arguments"] += piece.function.arguments or ""
    assert sorted(calls) == [0, 1]
    for call in calls.values():
        assert len(call["id"]) == 1 and call["name"] == ["get_weather"] and json.loads(call["arguments"])["city"]
    record = receipt(raw.headers)
    check_record(record, TOOLS, "chat", "tool_calls", stream=True)
    assert record["tool_calls"] == 2


def test_tools_and_their_results_are_sent_back(oai):
    first = oai.chat.completions.create(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in first.tool_calls]
    answer = oai.chat.completions.create(model=STEADY, messages=[*HELLO, first, *results], tools=[WEATHER_TOOL], max_tokens=200)
    assert answer.choices[0].message.content


def test_structured_output(oai):
    messages = [{"role": "user", "content": f"{ADA}\nWho is this?"}]
    answer = oai.chat.completions.parse(model=EXTRACT, messages=messages, response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="Ada Lovelace", age=36)


def test_extract_answers_from_its_context_alone(oai):
    context = "Lighthouse facts. The Skerryvore lighthouse was designed by Alan Stevenson. It was first lit in 1844."
    messages = [{"role": "system", "content": context}, {"role": "user", "content": "Who designed the Skerryvore lighthouse?"}]
    raw = oai.chat.completions.with_raw_response.create(model=EXTRACT, messages=messages)
    answer, record = raw.parse(), receipt(raw.headers)
    assert "Alan Stevenson" in answer.choices[0].message.content
    check_record(record, EXTRACT, "chat", "stop")
    check_openai_usage(record, answer.usage)
    assert record["cost_nanousd"] == 0


def test_responses(oai):
    raw = oai.responses.with_raw_response.create(model=STEADY, instructions="Be brief.", input="Say hello.", max_output_tokens=200)
    answer, record = raw.parse(), receipt(raw.headers)
    assert answer.status == "completed" and answer.output_text
    check_record(record, STEADY, "responses")
    check_responses_usage(record, answer.usage)


def test_responses_stream(oai):
    raw = oai.responses.with_raw_response.create(model=STEADY, input="Say hello.", max_output_tokens=200, stream=True)
    events = list(raw.parse())
    record = receipt(raw.headers)
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    done = [event.text for event in events if event.type == "response.output_text.done"]
    assert text == "".join(done) == events[-1].response.output_text
    check_record(record, STEADY, "responses", stream=True)
    check_responses_usage(record, events[-1].response.usage)


def test_responses_tools(oai):
    tool = {"type": "function", "name": "get_weather", "description": "The weather in a city.", "parameters": WEATHER, "strict": True}
    answer = oai.responses.create(model=TOOLS, input="The weather?", tools=[tool], max_output_tokens=200)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert len(calls) == 2 and all(call.call_id != call.id and json.loads(call.arguments)["city"] for call in calls)


def test_responses_stream_helper(oai):
    with oai.responses.stream(model=STEADY, input="Say hello.", max_output_tokens=200) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert stream.get_final_response().output_text == text


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings(oai, encoding):
    texts = ["a lighthouse", "a tool", "a lighthouse"]
    raw = oai.embeddings.with_raw_response.create(model=STEADY, input=texts, encoding_format=encoding)
    answer, record = raw.parse(), receipt(raw.headers)
    assert [row.index for row in answer.data] == [0, 1, 2]
    assert answer.data[0].embedding == answer.data[2].embedding != answer.data[1].embedding
    check_record(record, STEADY, "embeddings")
    assert answer.usage.prompt_tokens == input_total(record["usage"]) and not record["usage"]["output"]


def test_models(oai):
    names = {model.id for model in oai.models.list()}
    assert {STEADY, EXTRACT} <= names
    assert oai.models.retrieve(EXTRACT).id == EXTRACT


def test_what_the_caller_says_of_a_call_is_on_its_receipt(oai, tag):
    name, headers = tag
    raw = oai.chat.completions.with_raw_response.create(
        model=STEADY, messages=HELLO, max_tokens=200, extra_headers={**headers, "jeton-class": "suite.hello", "jeton-outcome": "o-1", "jeton-task": "t-1"}
    )
    record = receipt(raw.headers)
    assert (record["class"], record["class_source"]) == ("suite.hello", "header")
    assert (record["outcome"], record["task"], record["tags"]) == ("o-1", "t-1", [name])


def test_the_url_can_carry_the_class(oai):
    raw = oai.with_options(base_url=str(oai.base_url).replace("/v1", "/c/suite.path/v1")).chat.completions.with_raw_response.create(
        model=STEADY, messages=HELLO, max_tokens=200
    )
    record = receipt(raw.headers)
    assert (record["class"], record["class_source"]) == ("suite.path", "path")
