import { useContext, useEffect, useState } from 'preact/hooks';
import { AnnounceContext, useBrowser } from './contexts.js';

/** How long it says that it has copied. */
const SHOWN_MS = 1500;

interface CopyProps {
  text: string;
  /** Says to a listener what it is. */
  label: string;
  /** What is to be seen; by default the text itself. */
  shown?: string;
  big?: boolean;
}

/** A text that one click, or Enter, copies. */
export function Copy({ text, label, shown = text, big = false }: CopyProps) {
  const browser = useBrowser();
  const announce = useContext(AnnounceContext);
  const [done, setDone] = useState<boolean>();
  useEffect(() => (done === undefined ? undefined : browser.later(SHOWN_MS, () => setDone(undefined))), [done]);
  const copy = async (): Promise<void> => {
    const copied = await browser.copy(text);
    setDone(copied);
    announce(copied ? `Copied ${shown}` : 'The browser does not allow copying.');
  };
  return (
    <button
      type="button"
      class={big ? 'copy big' : 'copy'}
      onClick={() => void copy()}
      aria-label={shown === text ? `Copy ${label} ${text}` : `Copy ${label}`}
    >
      <span class="value">{shown}</span>
      <span class="hint" aria-hidden="true">
        {done === undefined ? 'copy' : done ? 'copied' : 'not allowed'}
      </span>
    </button>
  );
}
