"""Two hundred streams at a time, each whole and each accounted."""

import asyncio

import anthropic
import openai
from conftest import STEADY, anthropic_options, api, input_total, openai_options

STREAMS = 200


def question(number):
    return [{"role": "user", "content": f"Question number {number}: say hello."}]


def check_all(tag_name, results):
    """`results` holds call id, input tokens, output tokens and text of each stream."""
    assert len({call for call, *_ in results}) == STREAMS
    assert all(text for *_, text in results)
    recorded = {call["id"]: call for call in api("/calls", tag=tag_name, limit=1000)["calls"]}
    assert len(recorded) == STREAMS
    for call, tokens_in, tokens_out, _ in results:
        assert recorded[call]["status"] == "ok"
        assert (input_total(recorded[call]["usage"]), recorded[call]["usage"]["output"]) == (tokens_in, tokens_out)


def test_openai_streams(tag):
    name, headers = tag

    async def one(client, number):
        raw = await client.chat.completions.with_raw_response.create(
            model=STEADY, messages=question(number), max_tokens=100, stream=True, stream_options={"include_usage": True}, extra_headers=headers
        )
        text, usage = "", None
        async for chunk in raw.parse():
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            usage = chunk.usage or usage
        return raw.headers["jeton-call"], usage.prompt_tokens, usage.completion_tokens, text

    async def all_of_them():
        async with openai.AsyncOpenAI(**openai_options()) as client:
            return await asyncio.gather(*(one(client, number) for number in range(STREAMS)))

    check_all(name, asyncio.run(all_of_them()))


def test_anthropic_streams(tag):
    name, headers = tag

    async def one(client, number):
        async with client.messages.stream(model=STEADY, messages=question(number), max_tokens=100, extra_headers=headers) as stream:
            text = "".join([piece async for piece in stream.text_stream])
            usage = (await stream.get_final_message()).usage
            return stream.response.headers["jeton-call"], usage.input_tokens, usage.output_tokens, text

    async def all_of_them():
        async with anthropic.AsyncAnthropic(**anthropic_options()) as client:
            return await asyncio.gather(*(one(client, number) for number in range(STREAMS)))

    check_all(name, asyncio.run(all_of_them()))
