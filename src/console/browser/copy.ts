/** Copy buttons: each is shown where there is JavaScript, and copies the field that it names. */

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies ?? "");
  const said = document.getElementById("copied");
  if (!(field instanceof HTMLInputElement) || !said) continue;
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      // Without permission, or on a page without encryption, the browser refuses.
      field.focus();
      said.textContent = "The browser refused. The text is selected: copy it with the keyboard.";
    }
  });
}
