#!/usr/bin/env bash
# An IPv6 address in brackets in NO_PROXY: Python's own urllib uses such an entry, as curl and Node's undici do.
# Expected: httpx uses or ignores it. Seen with httpx 0.28.1: no client can be made at all, also without any proxy and for
# other hosts, because the entry is read as a name and the URL that is made of it has no valid port. Needs Python with venv.
set -euo pipefail
VERSION=0.28.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "httpx==$VERSION"
cat > run.py <<'PY'
from urllib.request import proxy_bypass_environment

import httpx

bypassed = proxy_bypass_environment("[::1]:8000")
try:
    httpx.Client()
    seen = "a client"
except httpx.InvalidURL as error:
    seen = f"InvalidURL: {error}"
print(f"httpx {httpx.__version__}, NO_PROXY=localhost,[::1], no proxy is set; urllib bypasses a proxy for it: {bypassed}")
print("expected: a client")
print(f"seen:     {seen}")
raise SystemExit(0 if bypassed and seen == "InvalidURL: Invalid port: ':1]'" else 1)
PY
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy
NO_PROXY='localhost,[::1]' venv/bin/python run.py
