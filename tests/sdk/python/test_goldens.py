"""What the scenarios of translation come to is what the vendors' own parsers take, as documents and as streams.

The parsers are asked to validate, which the SDKs do not do when they read an answer: a member that is missing or has a wrong type
fails here and not at the user's.
"""

import json
import os
import pathlib

import anthropic.types
import openai.types.chat
import openai.types.responses
import pytest
from pydantic import TypeAdapter

GOLDENS = pathlib.Path(os.environ["JETON_GOLDENS"])

DOCUMENTS = {
    "chat": openai.types.chat.ChatCompletion,
    "responses": openai.types.responses.Response,
    "messages": anthropic.types.Message,
}
EVENTS = {
    "chat": openai.types.chat.ChatCompletionChunk,
    "responses": openai.types.responses.ResponseStreamEvent,
    "messages": anthropic.types.RawMessageStreamEvent,
}
# What the SDKs take out of a stream before their types see it.
APART = {"ping", "error"}
# OpenAI's reference has calls of custom tools in streams of Chat, and the SDK's type of a chunk knows functions alone.
BEYOND_THE_SDK = {("10-custom-tool", "chat", "sse")}


def goldens(kind):
    """Each golden of a kind whose reader has a parser, by its name."""
    def is_read(scenario, _source, reader):
        return reader in DOCUMENTS and (scenario, reader, kind) not in BEYOND_THE_SDK

    found = sorted(path for path in GOLDENS.glob(f"*.{kind}") if is_read(*path.stem.split(".")))
    assert len(found) >= 60, f"{len(found)} in {GOLDENS}"
    return [pytest.param(path, path.name.split(".")[2], id=path.stem) for path in found]


def events(path):
    for frame in path.read_text().split("\n\n"):
        lines = [line.split(": ", 1) for line in frame.split("\n") if ": " in line]
        data = "\n".join(value for name, value in lines if name == "data")
        if data and data != "[DONE]":
            yield json.loads(data)


@pytest.mark.parametrize(("path", "dialect"), goldens("json"))
def test_a_document_is_what_the_sdk_parses(path, dialect):
    TypeAdapter(DOCUMENTS[dialect]).validate_json(path.read_bytes())


@pytest.mark.parametrize(("path", "dialect"), goldens("sse"))
def test_every_event_of_a_stream_is_what_the_sdk_parses(path, dialect):
    parser = TypeAdapter(EVENTS[dialect])
    for event in events(path):
        if event.get("type") not in APART and "error" not in event:
            parser.validate_python(event)
