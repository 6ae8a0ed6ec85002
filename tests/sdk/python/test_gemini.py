"""Google's own client, with models of every dialect: the conversation of test_translation.py, told in Gemini's."""

import base64

import pytest
from conftest import KEY, URL, check_record, receipt
from google import genai
from google.genai import types
from test_translation import CALLS, PICTURE, RESULTS, SCHEMA, TEXTS, THOUGHT

MODELS = ["agent-gemini/m", "agent-messages/m", "agent-chat/m", "agent-responses/m", "agent-bedrock/anthropic.claude-m"]
CONFIG = types.GenerateContentConfig(
    max_output_tokens=4000,
    tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name=name, parameters_json_schema=SCHEMA) for name in ("read", "list")])],
    thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2000),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


@pytest.fixture
def gem():
    with genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL, timeout=30_000)) as client:
        yield client


def ask(gem, model, contents, stream):
    """The parts of the answer, its last word on why it ended and what it used, and its headers."""
    if not stream:
        answer = gem.models.generate_content(model=model, contents=contents, config=CONFIG)
        return answer.candidates[0].content.parts or [], answer, answer.sdk_http_response.headers
    parts, answer = [], None
    for answer in gem.models.generate_content_stream(model=model, contents=contents, config=CONFIG):
        content = answer.candidates[0].content if answer.candidates else None
        parts += (content.parts or []) if content else []
    return parts, answer, answer.sdk_http_response.headers


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_google_client(gem, model, stream):
    picture = types.Part.from_bytes(data=base64.b64decode(PICTURE), mime_type="image/png")
    contents = [types.Content(role="user", parts=[picture, types.Part.from_text(text="What do the files say?")])]
    for turn, calls in enumerate(CALLS):
        parts, answer, headers = ask(gem, model, contents, stream)
        made = [(part.function_call.name, part.function_call.args or {}) for part in parts if part.function_call]
        assert made == [(name, arguments) for _, name, arguments in calls]
        assert "".join(part.text for part in parts if part.text and not part.thought) == TEXTS[turn]
        assert "".join(part.text for part in parts if part.text and part.thought) == (THOUGHT if turn == 0 else "")
        assert answer.candidates[0].finish_reason == types.FinishReason.STOP
        usage = answer.usage_metadata
        assert (usage.prompt_token_count, usage.cached_content_token_count, usage.candidates_token_count + (usage.thoughts_token_count or 0)) == (120, 20, 30)
        check_record(receipt(headers), model, "generate", stream=stream)
        # Everything goes back as the client has it, signatures and all.
        contents.append(types.Content(role="model", parts=parts))
        answers = [(part.function_call.id, part.function_call.name, RESULTS[id]) for part, (id, _, _) in zip([p for p in parts if p.function_call], calls, strict=True)]
        if answers:
            results = [types.FunctionResponse(id=id, name=name, response={"output": text}) for id, name, text in answers]
            contents.append(types.Content(role="user", parts=[types.Part(function_response=result) for result in results]))


def test_the_google_client_lists_models_and_reads_errors(gem):
    assert "models/agent-gemini/m" in [model.name for model in gem.models.list()]
    with pytest.raises(genai.errors.ClientError) as refused:
        gem.models.generate_content(model="agent-gemini", contents="Hi")
    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")
