/** The small parts that several views draw. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { timeLeft } from '../../durations.js';
import { clockTime } from '../words.js';

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** An instant; its whole on hover. */
export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {clockTime(at)}
    </time>
  );
}

/** What is left until an instant, both in milliseconds on one clock. */
export function Left({ until, now }: { until: number; now: number }) {
  const isOver = until <= now;
  return <span class={isOver ? 'left over' : 'left'}>{timeLeft(new Date(until).toISOString(), now)}</span>;
}

export function Tag({
  children,
  tone = 'plain',
}: {
  children: ComponentChildren;
  tone?: 'plain' | 'good' | 'bad' | 'warn';
}) {
  return <span class={`tag ${tone}`}>{children}</span>;
}

/** One line of a `<dl class="facts">`. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A value as JSON, made only once it is wanted. `label` says to a listener what it is. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <pre class="json" tabIndex={0} role="group" aria-label={label}>
      {JSON.stringify(value, undefined, 2)}
    </pre>
  );
}

/** A line that opens. What is in it is made only while it is open. */
export function Fold({
  line,
  class: name,
  children,
}: {
  line: ComponentChildren;
  class?: string;
  children: () => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details class={name ?? ''} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{line}</summary>
      {open && children()}
    </details>
  );
}
