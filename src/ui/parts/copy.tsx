import { useContext, useEffect, useState } from 'preact/hooks';
import { AnnounceContext, useBrowser } from './contexts.js';

/** How long it says that it has copied. */
const SHOWN_MS = 1500;

/** A text that one click, or Enter, copies. `label` says to a listener what it is. */
export function Copy({ text, label, big = false }: { text: string; label: string; big?: boolean }) {
  const browser = useBrowser();
  const announce = useContext(AnnounceContext);
  const [done, setDone] = useState<boolean>();
  useEffect(() => (done === undefined ? undefined : browser.later(SHOWN_MS, () => setDone(undefined))), [done]);
  const copy = async (): Promise<void> => {
    const copied = await browser.copy(text);
    setDone(copied);
    announce(copied ? `Copied ${text}` : 'The browser does not allow copying.');
  };
  return (
    <button
      type="button"
      class={big ? 'copy big' : 'copy'}
      onClick={() => void copy()}
      aria-label={`Copy ${label} ${text}`}
    >
      <span class="value">{text}</span>
      <span class="hint" aria-hidden="true">
        {done === undefined ? 'copy' : done ? 'copied' : 'not allowed'}
      </span>
    </button>
  );
}
