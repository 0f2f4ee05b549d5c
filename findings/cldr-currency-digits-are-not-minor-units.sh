#!/usr/bin/env bash
# Digits of a currency from Unicode CLDR (Babel, Intl.NumberFormat, ICU) are how it is shown, not its minor unit.
# Expected by many: get_currency_precision() and maximumFractionDigits are ISO 4217's decimals.
# Seen: IQD has 0 where ISO has 3, so 1.000 IQD read by CLDR's digits is one minor unit instead of a thousand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install --disable-pip-version-check Babel==2.17.0 iso4217==1.16.20260101
"$work/venv/bin/python" - <<'PY'
import sys
import babel
from babel.numbers import get_currency_precision
from iso4217 import Currency

print(f"Babel {babel.__version__}, iso4217 1.16.20260101")
codes = sorted(currency.code for currency in Currency if currency.exponent is not None)
differ = [
    (code, Currency(code).exponent, get_currency_precision(code))
    for code in codes
    if Currency(code).exponent != get_currency_precision(code)
]
for code, iso, cldr in differ:
    print(f"{code}: ISO 4217 {iso}, CLDR {cldr}")
still = ("IQD", 3, 0) in differ
print("the surprise is still there" if still else "IQD agrees now")
sys.exit(0 if still else 1)
PY
