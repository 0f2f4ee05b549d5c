/** A merchant's API keys. Each leads to its page, where it is replaced or revoked. */
import { Status, TableFrame } from "../view/parts";
import { Time } from "../view/time";
import { type ApiKeyBody, keyPath } from "./parts";

/** Whether the key is valid, is about to end, or has ended. */
export function keyStatus({ expires_at }: ApiKeyBody, nowMs: number): string {
  if (expires_at === null) return "active";
  return Date.parse(expires_at) <= nowMs ? "ended" : "expiring";
}

export function KeyTable({ keys, nowMs }: { keys: ApiKeyBody[]; nowMs: number }) {
  return (
    <TableFrame label="API keys">
      <table class="stacked">
        <caption>Newest first. Keys that have expired or were revoked stay in the list.</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Scopes</th>
            <th scope="col">Created</th>
            <th scope="col">Last used, hour from</th>
            <th scope="col">Expires</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <Row apiKey={key} status={keyStatus(key, nowMs)} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row({ apiKey, status }: { apiKey: ApiKeyBody; status: string }) {
  const { id, merchant_id, name, last_four, scopes, created_at, last_used_at, expires_at } = apiKey;
  return (
    <tr>
      <td data-label="Name" class="break">
        <a href={keyPath(merchant_id, id)}>
          {name === null ? "Without a name" : <bdi>{name}</bdi>}
        </a>
        <p class="muted">
          <code class="last-four">…{last_four}</code>
        </p>
      </td>
      <td data-label="Status">
        <Status status={status} />
      </td>
      <td data-label="Scopes" class="scopes">
        {scopes.join(", ")}
      </td>
      <td data-label="Created">
        <Time at={created_at} />
      </td>
      <td data-label="Last used">
        {last_used_at === null ? "not yet" : <Time at={last_used_at} />}
      </td>
      <td data-label="Expires">{expires_at === null ? "never" : <Time at={expires_at} />}</td>
    </tr>
  );
}
