"""The official Anthropic SDK against the built-in and simulated models."""

from conftest import EXTRACT, STEADY, TOOLS, check_anthropic_usage, check_record, receipt
from pydantic import BaseModel

HELLO = [{"role": "user", "content": "Say hello."}]
WEATHER_TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Person(BaseModel):
    name: str
    age: int


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def test_messages(ant):
    raw = ant.messages.with_raw_response.create(model=STEADY, system="Be brief.", messages=HELLO, max_tokens=200)
    answer, record = raw.parse(), receipt(raw.headers)
    assert answer.role == "assistant" and text_of(answer)
    check_record(record, STEADY, "messages", answer.stop_reason)
    assert STEADY.endswith(answer.model)
    check_anthropic_usage(record, answer.usage)


def test_messages_stream(ant):
    raw = ant.messages.with_raw_response.create(model=STEADY, messages=HELLO, max_tokens=200, stream=True)
    events = list(raw.parse())
    record = receipt(raw.headers)
    types = [event.type for event in events]
    assert types[0] == "message_start" and types.count("message_start") == 1
    assert types[-2:] == ["message_delta", "message_stop"]
    is_open = False
    for event in events:
        if event.type == "content_block_start":
            assert not is_open
            is_open = True
        elif event.type == "content_block_stop":
            assert is_open
            is_open = False
        elif event.type == "content_block_delta":
            assert is_open
    assert not is_open
    check_record(record, STEADY, "messages", events[-2].delta.stop_reason, stream=True)
    assert events[-2].usage.output_tokens == record["usage"]["output"]
    assert events[0].message.usage.input_tokens == record["usage"]["input"]


def test_messages_stream_helper(ant):
    with ant.messages.stream(model=STEADY, messages=HELLO, max_tokens=200) as stream:
        text = "".join(stream.text_stream)
        answer = stream.get_final_message()
        record = receipt(stream.response.headers)
    assert text == text_of(answer)
    check_anthropic_usage(record, answer.usage)


def test_tools(ant):
    raw = ant.messages.with_raw_response.create(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200)
    answer, record = raw.parse(), receipt(raw.headers)
    uses = [block for block in answer.content if block.type == "tool_use"]
    assert answer.stop_reason == "tool_use" and len({use.id for use in uses}) == 2
    assert all(use.name == "get_weather" and use.input["city"] for use in uses)
    check_record(record, TOOLS, "messages", "tool_use")
    assert record["tool_calls"] == 2


def test_tools_streamed(ant):
    with ant.messages.stream(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        answer = stream.get_final_message()
        record = receipt(stream.response.headers)
    uses = [block for block in answer.content if block.type == "tool_use"]
    assert len(pieces) >= 2 and len(uses) == 2 and all(use.input["city"] for use in uses)
    check_record(record, TOOLS, "messages", "tool_use", stream=True)


def test_tools_and_their_results_are_sent_back(ant):
    first = ant.messages.create(model=TOOLS, messages=HELLO, tools=[WEATHER_TOOL], max_tokens=200)
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "sunny"} for block in first.content if block.type == "tool_use"]
    messages = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    assert text_of(ant.messages.create(model=STEADY, messages=messages, tools=[WEATHER_TOOL], max_tokens=200))


def test_structured_output(ant):
    messages = [{"role": "user", "content": "name: Ada Lovelace\nage: 36\n\nWho is this?"}]
    answer = ant.messages.parse(model=EXTRACT, messages=messages, max_tokens=200, output_format=Person)
    assert answer.parsed_output == Person(name="Ada Lovelace", age=36)


def test_extract_answers_from_its_context_alone(ant):
    context = "Lighthouse facts. The Skerryvore lighthouse was designed by Alan Stevenson. It was first lit in 1844."
    raw = ant.messages.with_raw_response.create(
        model=EXTRACT, system=context, messages=[{"role": "user", "content": "Who designed the Skerryvore lighthouse?"}], max_tokens=200
    )
    answer, record = raw.parse(), receipt(raw.headers)
    assert "Alan Stevenson" in text_of(answer)
    check_record(record, EXTRACT, "messages", "end_turn")
    check_anthropic_usage(record, answer.usage)


def test_count_tokens(ant):
    short = ant.messages.count_tokens(model=STEADY, messages=HELLO).input_tokens
    long = ant.messages.count_tokens(model=STEADY, messages=[{"role": "user", "content": "Say hello. " * 100}]).input_tokens
    assert 0 < short < long


def test_models(ant):
    assert {STEADY, EXTRACT} <= {model.id for model in ant.models.list()}
