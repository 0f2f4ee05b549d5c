/** The keys of the queue. They need JavaScript, which shows the button. */

const KEYS: [keys: string[], effect: string][] = [
  [["j", "↓"], "selects the next payment"],
  [["k", "↑"], "selects the previous payment"],
  [["a"], "approves the selected payment, after a confirmation"],
  [["r"], "rejects the selected payment, after a confirmation"],
  [["n"], "goes to the note of the selected payment"],
  [["Enter"], "confirms"],
  [["Escape"], "does not confirm, or leaves the note"],
  [["?"], "shows these keys"],
];

export function KeysDialog() {
  return (
    <div class="actions">
      <button type="button" id="keys-button" hidden>
        Keys
      </button>
      <dialog id="keys" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys of this page</h2>
        <dl class="facts">
          {KEYS.map(([keys, effect]) => (
            <>
              <dt>
                {keys.map((key, at) => (
                  <>
                    {at > 0 ? " or " : ""}
                    <kbd>{key}</kbd>
                  </>
                ))}
              </dt>
              <dd>{effect}</dd>
            </>
          ))}
        </dl>
        <form method="dialog" class="keys-end">
          <label>
            <input type="checkbox" id="keys-on" checked /> Use these keys in this browser
          </label>
          <button type="submit">Close</button>
        </form>
      </dialog>
    </div>
  );
}
