/** A secret that the API shows once: the direct response to a form. It is in no address, and no cache keeps the page. */
import type { Child } from "hono/jsx";

type Props = {
  /** What the secret is, as a label. */
  label: string;
  secret: string;
  children?: Child;
};

/** The page needs the script `copy`. Without JavaScript the field is selected by hand. */
export function SecretOnce({ label, secret, children }: Props) {
  return (
    <section class="card secret" aria-label={label}>
      <p class="notice warning" role="status">
        This is shown only once. Copy it now and keep it in a safe place.
      </p>
      <div class="field">
        <label for="secret">{label}</label>
        <div class="copy-row">
          <input id="secret" class="secret-text" value={secret} readonly autocomplete="off" />
          <button type="button" data-copies="secret" hidden>
            Copy
          </button>
        </div>
        <p id="copied" class="hint" role="status" />
      </div>
      {children}
    </section>
  );
}
