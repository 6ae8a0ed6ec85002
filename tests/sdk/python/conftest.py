"""What every suite needs: the vendors' clients pointed at Jeton, and the ledger's own account of a call."""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import anthropic
import openai
import pytest

URL = os.environ["JETON_URL"]
KEY = os.environ["JETON_KEY"]
KEY_POOR = os.environ["JETON_KEY_POOR"]
KEY_ADMIN = os.environ["JETON_KEY_ADMIN"]

STEADY = "twin/steady"  # answers at once, and well
SAID = "said/steady"  # always the same words
SLOW = "slow/steady"  # a long answer in many small pieces, with time between them
STALLED = "stalled/steady"  # takes the request and says nothing
LIMITED = "limited/steady"  # 429 with retry-after, always
TOOLS = "tooluser/steady"  # calls the weather tool twice, in pieces
EXTRACT = "local/extract"

# How long the ledger may take to show a call whose client has gone: nothing tells that client when it is settled.
SETTLED_WITHIN_S = 10


def openai_options(**changes):
    return {"base_url": f"{URL}/v1", "api_key": KEY, "max_retries": 0, "timeout": 30, **changes}


def anthropic_options(**changes):
    return {"base_url": URL, "api_key": KEY, "max_retries": 0, "timeout": 30, **changes}


@pytest.fixture
def oai():
    with openai.OpenAI(**openai_options()) as client:
        yield client


@pytest.fixture
def ant():
    with anthropic.Anthropic(**anthropic_options()) as client:
        yield client


@pytest.fixture
def tag():
    """A label of this test alone, and the header that puts it on its calls."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    return name, {"jeton-tags": name}


def api(path, **query):
    """The answer of Jeton's own API."""
    address = f"{URL}/api{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    request = urllib.request.Request(address, headers={"authorization": f"Bearer {KEY_ADMIN}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def receipt(headers):
    """The ledger's record of the call that an SDK's response headers name. It is there as soon as the end of the response is."""
    return api(f"/calls/{headers['jeton-call']}")


def calls_with(tag_name):
    return api("/calls", tag=tag_name)["calls"]


def asked_until(ask):
    """What `ask` gives, as soon as it gives something. Each question is a request, so this asks no faster than the server answers."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
    raise AssertionError(f"no answer within {SETTLED_WITHIN_S} s")


def first_with(tag_name):
    """The first call of a tag whose client did not wait for its end."""
    return asked_until(lambda: calls_with(tag_name))[-1]


def settled(call_id, status):
    """The record of a call whose client left, once it has the status."""

    def ask():
        try:
            record = api(f"/calls/{call_id}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return None
        return record if record["status"] == status else None

    return asked_until(ask)


def input_total(usage):
    """OpenAI counts cached tokens as input; the ledger keeps them apart."""
    return sum(usage[kind] or 0 for kind in ("input", "cache_read", "cache_write", "cache_write_1h"))


def check_record(record, model, endpoint, finish=None, stream=False):
    """What holds of every call that went well."""
    assert record["status"] == "ok" and record["http_status"] == 200, record
    assert record["model"] == model and record["endpoint"] == endpoint and record["stream"] is stream
    assert record["usage_certainty"] == "reported"
    assert record["key"] == "suite" and "suite" in record["accounts"]
    assert len(record["tries"]) == 1
    if finish is not None:
        assert record["finish_reason"] == finish


def check_openai_usage(record, usage):
    assert usage.prompt_tokens == input_total(record["usage"])
    assert usage.completion_tokens == record["usage"]["output"]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def check_responses_usage(record, usage):
    assert usage.input_tokens == input_total(record["usage"])
    assert usage.output_tokens == record["usage"]["output"]


def check_anthropic_usage(record, usage):
    assert usage.input_tokens == record["usage"]["input"]
    assert usage.output_tokens == record["usage"]["output"]
