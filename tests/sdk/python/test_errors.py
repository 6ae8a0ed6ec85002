"""Errors reach the SDKs as their own types, retries happen where they help, and every attempt is on the ledger."""

import anthropic
import openai
import pytest
from conftest import (
    KEY_POOR,
    LIMITED,
    SLOW,
    STALLED,
    STEADY,
    anthropic_options,
    api,
    calls_with,
    first_with,
    openai_options,
    settled,
)

MESSAGES = [{"role": "user", "content": "Say hello."}]


class OpenAi:
    errors = openai

    def __init__(self, **changes):
        self.client = openai.OpenAI(**openai_options(**changes))

    def ask(self, model, messages=MESSAGES, **more):
        return self.client.chat.completions.create(model=model, messages=messages, max_tokens=100, **more)

    def stream(self, model, headers):
        raw = self.client.chat.completions.with_raw_response.create(model=model, messages=MESSAGES, max_tokens=2000, stream=True, extra_headers=headers)
        return raw.headers["jeton-call"], raw.parse()

    @staticmethod
    def has_content(event):
        return bool(event.choices and event.choices[0].delta.content)

    @staticmethod
    def code(error):
        return error.code


class Anthropic:
    errors = anthropic

    def __init__(self, **changes):
        self.client = anthropic.Anthropic(**anthropic_options(**changes))

    def ask(self, model, messages=MESSAGES, **more):
        return self.client.messages.create(model=model, messages=messages, max_tokens=100, **more)

    def stream(self, model, headers):
        raw = self.client.messages.with_raw_response.create(model=model, messages=MESSAGES, max_tokens=2000, stream=True, extra_headers=headers)
        return raw.headers["jeton-call"], raw.parse()

    @staticmethod
    def has_content(event):
        return event.type == "content_block_delta"

    @staticmethod
    def code(error):
        return error.body["error"].get("code")


VENDORS = pytest.mark.parametrize("vendor", [OpenAi, Anthropic])


@VENDORS
def test_a_limited_provider_is_tried_again_by_the_sdk_and_then_raised(vendor, tag):
    name, headers = tag
    with pytest.raises(vendor.errors.RateLimitError) as caught:
        vendor(max_retries=2).ask(LIMITED, extra_headers=headers)
    assert caught.value.status_code == 429 and caught.value.response.headers["retry-after"]
    calls = calls_with(name)
    assert len(calls) == 3 and all(call["status"] == "failed" and call["http_status"] == 429 for call in calls)


@VENDORS
def test_a_refusal_for_money_is_not_tried_again(vendor, tag):
    name, headers = tag
    with pytest.raises(vendor.errors.BadRequestError) as caught:
        vendor(max_retries=2, api_key=KEY_POOR).ask(STEADY, extra_headers=headers)
    assert vendor.code(caught.value) == "budget_exhausted"
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert "poor" in str(caught.value)
    calls = calls_with(name)
    assert len(calls) == 1 and calls[0]["status"] == "refused" and calls[0]["charged_nanousd"] == 0


@VENDORS
def test_an_unknown_model_is_not_found_and_its_neighbours_are_named(vendor):
    with pytest.raises(vendor.errors.NotFoundError) as caught:
        vendor().ask("twin/stedy")
    assert STEADY in str(caught.value)


@VENDORS
def test_a_key_that_nobody_made_is_refused(vendor):
    with pytest.raises(vendor.errors.AuthenticationError):
        vendor(api_key="nobody").ask(STEADY)


@VENDORS
def test_a_wrong_request_names_the_place(vendor, tag):
    name, headers = tag
    with pytest.raises(vendor.errors.BadRequestError) as caught:
        vendor().ask(STEADY, extra_headers=headers, extra_body={"stream": "yes"})
    assert "stream" in str(caught.value)
    assert [call["status"] for call in calls_with(name)] == ["refused"]


@VENDORS
def test_a_provider_that_cannot_be_reached_is_a_server_error(vendor, tag):
    name, headers = tag
    model = "nowhere-openai/m" if vendor is OpenAi else "nowhere-anthropic/m"
    with pytest.raises(vendor.errors.InternalServerError) as caught:
        vendor().ask(model, extra_headers=headers)
    assert caught.value.status_code == 502
    assert [call["status"] for call in calls_with(name)] == ["failed"]


@VENDORS
def test_a_model_of_the_other_dialect_that_cannot_be_reached_fails_in_this_one(vendor):
    model = "nowhere-anthropic/m" if vendor is OpenAi else "nowhere-openai/m"
    with pytest.raises(vendor.errors.InternalServerError) as caught:
        vendor().ask(model)
    assert caught.value.status_code == 502
    assert "did not answer" in str(caught.value)


@VENDORS
def test_the_sdks_own_timeout_ends_the_call_upstream_too(vendor, tag):
    name, headers = tag
    with pytest.raises(vendor.errors.APITimeoutError):
        vendor(timeout=0.5).ask(STALLED, extra_headers=headers)
    settled(first_with(name)["id"], "cancelled")


@VENDORS
def test_a_stream_that_the_client_leaves_is_charged_for_what_it_got(vendor, tag):
    _, headers = tag
    call, events = vendor().stream(SLOW, headers)
    got = 0
    for event in events:
        got += vendor.has_content(event)
        if got == 3:
            break
    events.close()
    record = settled(call, "cancelled")
    assert record["usage_certainty"] == "estimated"
    assert 0 < record["usage"]["output"] < 2000 and record["charged_nanousd"] > 0
    kinds = [entry["kind"] for entry in record["entries"]]
    assert kinds.count("charge") == 1
    accounts = {row["name"]: row for row in api("/accounts")["accounts"]}
    assert accounts["suite"]["held_nanousd"] == 0
