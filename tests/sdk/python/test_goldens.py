"""What the scenarios of translation come to is what the vendors' own types take: requests, answers as documents and as streams.

The types are asked to validate, which the SDKs do not do when they read an answer: a member that is missing or of a wrong type (at
Gemini and Bedrock also one that is unknown) fails here and not at the user's. For Bedrock these are the shapes of the service model
that AWS's own client carries.
"""

import json
import os
import pathlib

import anthropic.types
import botocore.session
import openai.types.chat
import openai.types.responses
import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from botocore.validate import ParamValidator
from google.genai import types as google
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import ConfigDict, TypeAdapter, create_model

GOLDENS = pathlib.Path(os.environ["JETON_GOLDENS"])

# The body of `generateContent`, which the SDK puts together from these.
GENERATE_CONTENT = create_model(
    "GenerateContent",
    __config__=ConfigDict(extra="forbid"),
    contents=(list[google.Content], ...),
    systemInstruction=(google.Content | None, None),
    tools=(list[google.Tool] | None, None),
    toolConfig=(google.ToolConfig | None, None),
    safetySettings=(list[google.SafetySetting] | None, None),
    generationConfig=(google.GenerationConfig | None, None),
    serviceTier=(google.ServiceTier | None, None),
    labels=(dict[str, str] | None, None),
)
BEDROCK = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model


def pydantic(kind):
    return TypeAdapter(kind).validate_python


def bedrock(shape):
    def validate(value):
        report = ParamValidator().validate(value, shape)
        assert not report.has_errors(), report.generate_report()

    return validate


def responses_request(value):
    """OpenAI's type asks an assistant's items for the ids that its service gave them; the service does not (Codex sends none)."""
    for item in value["input"]:
        if item.get("type") == "reasoning":
            item.setdefault("id", "rs_1")
        if item.get("role") == "assistant" and isinstance(item["content"], list):
            item |= {"id": "msg_1", "status": "completed"}
            for part in item["content"]:
                part.setdefault("annotations", [])
    pydantic(ResponseCreateParamsNonStreaming)(value)


def converse_request(value):
    bedrock(BEDROCK("Converse").input_shape)({"modelId": "m", **value})


# The time that AWS measured is required of an answer, and no other provider tells it.
MEASURED = {"metrics": {"latencyMs": 1}}


def converse_document(value):
    bedrock(BEDROCK("Converse").output_shape)(MEASURED | value)


def converse_event(event):
    ((kind, members),) = event.items()
    if kind == "metadata":
        members = MEASURED | members
    if kind.endswith("Exception"):
        members.pop("code", None)  # Jeton's own word, beside AWS's
    bedrock(BEDROCK("ConverseStream").output_shape.members["stream"])({kind: members})


REQUESTS = {
    "chat": pydantic(CompletionCreateParamsNonStreaming),
    "responses": responses_request,
    "messages": pydantic(MessageCreateParamsNonStreaming),
    "generate": pydantic(GENERATE_CONTENT),
    "converse": converse_request,
}
DOCUMENTS = {
    "chat": pydantic(openai.types.chat.ChatCompletion),
    "responses": pydantic(openai.types.responses.Response),
    "messages": pydantic(anthropic.types.Message),
    "generate": pydantic(google.GenerateContentResponse),
    "converse": converse_document,
}
EVENTS = {
    "chat": pydantic(openai.types.chat.ChatCompletionChunk),
    "responses": pydantic(openai.types.responses.ResponseStreamEvent),
    "messages": pydantic(anthropic.types.RawMessageStreamEvent),
    "generate": pydantic(google.GenerateContentResponse),
    "converse": converse_event,
}
# What the SDKs take out of a stream before their types see it.
APART = {"ping", "error"}
# OpenAI's reference has calls of custom tools in streams of Chat, and the SDK's type of a chunk knows functions alone.
BEYOND_THE_SDK = {("10-custom-tool", "chat", "sse")}


def goldens(kind):
    """Each golden of a kind, by its name, and the dialect that reads it."""
    def is_known(scenario, _source, reader):
        return (scenario, reader, kind) not in BEYOND_THE_SDK

    found = sorted(path for path in GOLDENS.glob(f"*.{kind}") if is_known(*path.stem.split(".")))
    assert len(found) >= 600, f"{len(found)} in {GOLDENS}"
    return [pytest.param(path, path.name.split(".")[2], id=path.stem) for path in found]


def events(path):
    for frame in path.read_text().split("\n\n"):
        lines = [line.split(": ", 1) for line in frame.split("\n") if ": " in line]
        data = "\n".join(value for name, value in lines if name == "data")
        if data and data != "[DONE]":
            yield json.loads(data)


@pytest.mark.parametrize(("path", "dialect"), goldens("ask"))
def test_a_request_is_what_the_sdk_would_send(path, dialect):
    REQUESTS[dialect](json.loads(path.read_bytes()))


@pytest.mark.parametrize(("path", "dialect"), goldens("json"))
def test_a_document_is_what_the_sdk_parses(path, dialect):
    DOCUMENTS[dialect](json.loads(path.read_bytes()))


@pytest.mark.parametrize(("path", "dialect"), goldens("sse"))
def test_every_event_of_a_stream_is_what_the_sdk_parses(path, dialect):
    for event in events(path):
        if event.get("type") not in APART and "error" not in event:
            EVENTS[dialect](event)
