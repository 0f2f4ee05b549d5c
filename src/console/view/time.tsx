/** A time. Without JavaScript it is UTC; the browser's script replaces it by the viewer's own zone, with UTC on hover. */

/** @param at RFC 3339 in UTC, as in responses of the API */
export function Time({ at }: { at: string }) {
  const utc = `${at.slice(0, "2026-01-01".length)} ${at.slice("2026-01-01T".length, "2026-01-01T00:00:00".length)} UTC`;
  return (
    <time datetime={at} title={utc}>
      {utc}
    </time>
  );
}
