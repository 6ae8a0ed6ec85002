"""A conversation with tools, a picture and signed thinking, held by each vendor's client with a model of every other dialect."""

import json

import pytest
from conftest import check_record, receipt

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
RESULTS = {"call_a": "hello", "call_b": "a.txt b.txt", "call_c": "hello again"}
CALLS = [[("call_a", "read", {"path": "a.txt"}), ("call_b", "list", {})], [("call_c", "read", {"path": "b.txt"})], []]
TEXTS = ["Let me look.", "", "Both files say hello."]

THOUGHT = "Two files are to be read."
SIGNATURE = "EqQBCkYIBxgCKkDd/w=="

# What does not come across, or not exactly (`~`): from the first turn on, and from the second. Chat has no place for a thought that nobody signed,
# nor OpenAI a mark for a tool that failed. Gemini signs its calls and not what it thought, which does not go back.
TOLD = {
    ("messages", "agent-chat/m"): (["thinking.budget_tokens~"], ["messages[1].content[0]", "messages[2].content[1].is_error~"]),
    ("messages", "agent-responses/m"): (["thinking.budget_tokens~"], ["messages[2].content[1].is_error~"]),
    ("chat", "agent-messages/m"): (["reasoning_effort~"], []),
    ("responses", "agent-messages/m"): (["reasoning.effort~"], []),
    ("responses", "agent-chat/m"): (["reasoning.summary"], ["input[1]"]),
    ("messages", "agent-gemini/m"): ([], ["messages[1].content[0]"]),
    ("chat", "agent-gemini/m"): (["reasoning_effort~"], []),
    ("responses", "agent-gemini/m"): (["reasoning.effort~"], ["input[1]"]),
    ("messages", "agent-bedrock/anthropic.claude-m"): ([], []),
    ("chat", "agent-bedrock/anthropic.claude-m"): (["reasoning_effort~"], []),
    ("responses", "agent-bedrock/anthropic.claude-m"): (["reasoning.effort~"], []),
}

GEMINI, BEDROCK = "agent-gemini/m", "agent-bedrock/anthropic.claude-m"
# Whose signatures are told in the dialects of others, and how they are marked there.
FAMILIES = {"agent-messages/m": "anthropic", "agent-responses/m": "openai", GEMINI: "gemini", BEDROCK: "anthropic"}
OF_OTHERS = pytest.mark.parametrize("model", ["agent-chat/m", "agent-responses/m", GEMINI, BEDROCK])
WHOLE_OR_STREAMED = pytest.mark.parametrize("stream", [False, True])


def check_told(headers, endpoint, model, turn, stream):
    """The header tells exactly what did not come across, and the ledger has the call."""
    always, later = TOLD[endpoint, model]
    dropped = [*later, *always] if turn else always
    assert headers.get("jeton-dropped", "") == ", ".join(dropped)
    check_record(receipt(headers), model, endpoint, stream=stream)


def check_raw_stream(events, answer):
    """What the client parses of each event adds up to what its helper makes of them."""
    starts = [event.content_block for event in events if event.type == "content_block_start"]
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    assert [start.type for start in starts] == [block.type for block in answer.content]
    assert "".join(delta.text for delta in deltas if delta.type == "text_delta") == "".join(block.text for block in answer.content if block.type == "text")
    assert [delta.signature for delta in deltas if delta.type == "signature_delta"] == [
        block.signature for block in answer.content if block.type == "thinking" and block.signature
    ]
    assert [event.delta.stop_reason for event in events if event.type == "message_delta"] == [answer.stop_reason]


@OF_OTHERS
@WHOLE_OR_STREAMED
def test_the_anthropic_client(ant, model, stream):
    tools = [{"name": name, "description": "d", "input_schema": SCHEMA} for name in ("read", "list")]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
    messages = [{"role": "user", "content": [image, {"type": "text", "text": "What do the files say?"}]}]
    for turn, calls in enumerate(CALLS):
        asked = {"model": model, "max_tokens": 4000, "tools": tools, "messages": messages, "thinking": {"type": "enabled", "budget_tokens": 2000}}
        if stream:
            with ant.messages.stream(**asked) as events:
                for _ in events:
                    pass
                message, headers = events.get_final_message(), events.response.headers
            check_raw_stream(list(ant.messages.create(**asked, stream=True)), message)
        else:
            raw = ant.messages.with_raw_response.create(**asked)
            message, headers = raw.parse(), raw.headers
        check_told(headers, "messages", model, turn, stream)
        assert [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"] == calls
        assert "".join(block.text for block in message.content if block.type == "text") == TEXTS[turn]
        thoughts = [block for block in message.content if block.type == "thinking"]
        # Chat has no signatures; those of other families are marked as theirs, and Bedrock's are Anthropic's.
        family = FAMILIES.get(model, "")
        signature = {"": "", "anthropic": SIGNATURE}.get(family, f"jeton:{family}:{SIGNATURE}")
        # Gemini signs behind its words, on the call that the thought led to.
        signed = [(THOUGHT, ""), ("", signature)] if model == GEMINI else [(THOUGHT, signature)]
        assert [(block.thinking, block.signature) for block in thoughts] == (signed if turn == 0 else [])
        assert message.stop_reason == ("tool_use" if calls else "end_turn")
        assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (100, 20, 30)
        messages.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in message.content]})
        if calls:
            results = [{"type": "tool_result", "tool_use_id": id, "content": RESULTS[id], "is_error": id == "call_b"} for id, _, _ in calls]
            messages.append({"role": "user", "content": results})


@pytest.mark.parametrize("model", ["agent-messages/m", GEMINI, BEDROCK])
@WHOLE_OR_STREAMED
def test_the_openai_client_through_chat(oai, model, stream):
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("read", "list")]
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    messages = [{"role": "user", "content": [image, {"type": "text", "text": "What do the files say?"}]}]
    for turn, calls in enumerate(CALLS):
        asked = {"model": model, "max_completion_tokens": 4000, "tools": tools, "messages": messages, "reasoning_effort": "medium"}
        if stream:
            with oai.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
                for _ in events:
                    pass
                completion, headers = events.get_final_completion(), events._response.headers
        else:
            raw = oai.chat.completions.with_raw_response.create(**asked)
            completion, headers = raw.parse(), raw.headers
        check_told(headers, "chat", model, turn, stream)
        message = completion.choices[0].message
        made = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
        assert made == calls and (message.content or "") == TEXTS[turn]
        assert getattr(message, "reasoning_content", None) == (THOUGHT if turn == 0 else None)
        assert completion.choices[0].finish_reason == ("tool_calls" if calls else "stop")
        assert (completion.usage.prompt_tokens, completion.usage.prompt_tokens_details.cached_tokens, completion.usage.completion_tokens) == (120, 20, 30)
        # Only what this client knows goes back: the signature is none of it, and comes back all the same.
        turned = {"role": "assistant", "content": message.content}
        if calls:
            turned["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}} for call in message.tool_calls
            ]
        messages.append(turned)
        messages += [{"role": "tool", "tool_call_id": id, "content": RESULTS[id]} for id, _, _ in calls]


@pytest.mark.parametrize("model", ["agent-messages/m", "agent-chat/m", GEMINI, BEDROCK])
@WHOLE_OR_STREAMED
def test_the_openai_client_through_responses(oai, model, stream):
    tools = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in ("read", "list")]
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}", "detail": "auto"}
    items = [{"role": "user", "content": [image, {"type": "input_text", "text": "What do the files say?"}]}]
    for turn, calls in enumerate(CALLS):
        asked = {"model": model, "max_output_tokens": 4000, "tools": tools, "input": items, "reasoning": {"effort": "medium", "summary": "auto"}, "store": False}
        if stream:
            with oai.responses.stream(**asked) as events:
                for _ in events:
                    pass
                response, headers = events.get_final_response(), events._response.headers
        else:
            raw = oai.responses.with_raw_response.create(**asked)
            response, headers = raw.parse(), raw.headers
        check_told(headers, "responses", model, turn, stream)
        made = [(item.call_id, item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]
        assert made == calls and response.output_text == TEXTS[turn]
        thoughts = [("".join(part.text for part in item.summary), item.encrypted_content) for item in response.output if item.type == "reasoning"]
        encrypted = f"jeton:{FAMILIES[model]}:{SIGNATURE}" if model in FAMILIES else None
        signed = [(THOUGHT, None), ("", encrypted)] if model == GEMINI else [(THOUGHT, encrypted)]
        assert thoughts == (signed if turn == 0 else [])
        assert response.status == "completed"
        assert (response.usage.input_tokens, response.usage.input_tokens_details.cached_tokens, response.usage.output_tokens) == (120, 20, 30)
        known = {"reasoning": ("type", "id", "summary", "encrypted_content"), "message": ("type", "id", "role", "status", "content")}
        call = ("type", "id", "call_id", "name", "arguments", "status")
        items += [{key: value for key, value in item.model_dump(exclude_none=True).items() if key in known.get(item.type, call)} for item in response.output]
        items += [{"type": "function_call_output", "call_id": id, "output": RESULTS[id]} for id, _, _ in calls]
