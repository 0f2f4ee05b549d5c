"""Sends a GET and then a POST to each failing address with one HTTP client; prints what the caller sees."""

import json
import os
import sys

import httpx
import requests
import urllib3
from httpx_retries import Retry, RetryTransport
from requests.adapters import HTTPAdapter

BODY = json.dumps({"amount": "100.50"})
STATUSES = [429, 500, 503]


def use_requests(retries):
    session = requests.Session()
    if retries:
        session.mount("http://", HTTPAdapter(max_retries=retries))
    return lambda method, url, headers, body: session.request(
        method, url, headers=headers, data=body
    ).status_code


def use_urllib3(retries):
    pool = urllib3.PoolManager(**({"retries": retries} if retries else {}))
    return lambda method, url, headers, body: pool.request(
        method, url, headers=headers, body=body
    ).status


def use_httpx(**options):
    client = httpx.Client(**options)
    return lambda method, url, headers, body: client.request(
        method, url, headers=headers, content=body
    ).status_code


def urllib3_retry(**options):
    return urllib3.Retry(5, backoff_factor=0.5, status_forcelist=STATUSES, **options)


def retrying_transport():
    retry = Retry(
        total=5, backoff_factor=0.5, allowed_methods=["GET", "POST"], status_forcelist=STATUSES
    )
    return RetryTransport(retry=retry)


CLIENTS = {
    "requests": lambda: use_requests(None),
    "requests-retry": lambda: use_requests(
        urllib3_retry(allowed_methods=["GET", "POST"], raise_on_status=False)
    ),
    "urllib3": lambda: use_urllib3(None),
    "urllib3-forcelist": lambda: use_urllib3(urllib3_retry()),
    "urllib3-raising": lambda: use_urllib3(urllib3_retry(allowed_methods=["GET", "POST"])),
    "httpx": lambda: use_httpx(),
    "httpx-retries": lambda: use_httpx(transport=retrying_transport()),
}

name, base, *failures = sys.argv[1:]
call = CLIENTS[name]()
for failure in failures:
    url = f"{base}/{name}/{failure}"
    call("GET", url, {}, None)
    headers = {"Idempotency-Key": f"key-{failure}", "Content-Type": "application/json"}
    try:
        seen = call("POST", url, headers, BODY)
    except Exception as error:
        seen = type(error).__name__
    print(failure, seen, flush=True)

# Some clients wait for their open connections when they are collected.
sys.stdout.flush()
os._exit(0)
