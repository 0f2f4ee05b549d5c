#!/usr/bin/env bash
# stockholm for Python: an amount in minor units with a currency that has no two decimals (JPY has none, KWD three).
# Expected: the same money whether the currency is given by its code, "JPY", or as Currency.JPY, which are equal.
# Seen with 0.5.7: with the code minor units are always hundredths, with Currency.JPY they are the currency's own, so 1000
# minor units are 10 JPY or 1000 JPY. An amount from an API comes with a code. `sub_units` does the reverse alike.
# Needs Python with venv.
set -euo pipefail
VERSION=0.5.7
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "stockholm==$VERSION"
cat > try.py <<'PY'
from stockholm import Currency, Money

for code in ("USD", "JPY", "KWD"):
    currency = getattr(Currency, code)
    by_code, by_currency = Money.from_sub_units(1000, code), Money.from_sub_units(1000, currency)
    units = (Money(10, code).sub_units, Money(10, currency).sub_units)
    print(f"{code} equal {currency == code}; 1000 minor units: {by_code} and {by_currency}; 10: {units[0]} and {units[1]}")
PY
SEEN=$(venv/bin/python try.py)
echo "stockholm $VERSION; expected: 1000 JPY, 1.000 KWD, twice each"
echo "$SEEN"
grep -qF 'USD equal True; 1000 minor units: 10.00 USD and 10.00 USD; 10: 1000 and 1000' <<< "$SEEN"
grep -qF 'JPY equal True; 1000 minor units: 10.00 JPY and 1000 JPY; 10: 1000 and 10' <<< "$SEEN"
grep -qF 'KWD equal True; 1000 minor units: 10.00 KWD and 1.000 KWD; 10: 1000 and 10000' <<< "$SEEN"
