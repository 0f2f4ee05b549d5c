#!/bin/sh
# Sends a POST to each failing address with curl; prints what the caller sees.
name=$1
base=$2
shift 2
case $name in
  curl) options="" ;;
  curl-retry) options="--retry 5" ;;
  curl-retry-all) options="--retry 5 --retry-all-errors" ;;
esac
for failure in "$@"; do
  # The last line is the status of the last attempt; curl prints the bodies of all.
  seen=$(curl -s $options -w '\n%{http_code}' "$base/$name/$failure" \
    -H "Idempotency-Key: key-$failure" -H "Content-Type: application/json" -d '{"amount":"100.50"}')
  code=$?
  if [ $code -eq 0 ]; then seen=$(echo "$seen" | tail -n 1); else seen=exit-$code; fi
  echo "$failure $seen"
done
