import { useState } from 'preact/hooks';

/** A button for what cannot be taken back: the second press does it, unless the focus has left meanwhile. */
export function Sure({ label, disabled, onSure }: { label: string; disabled: boolean; onSure(): void }) {
  const [asked, setAsked] = useState(false);
  const press = (event: MouseEvent): void => {
    // The second of a double click was not meant for the question.
    if (asked && event.detail > 1) return;
    setAsked(!asked);
    if (asked) onSure();
  };
  return (
    <>
      <button
        type="button"
        class={asked ? 'sure' : undefined}
        disabled={disabled}
        onClick={press}
        onBlur={() => setAsked(false)}
      >
        {asked ? `Sure? ${label}` : label}
      </button>
      <span class="off-screen" role="status">
        {asked && `Press again: ${label}`}
      </span>
    </>
  );
}
