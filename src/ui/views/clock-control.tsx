import { useState } from 'preact/hooks';
import { parseDuration } from '../../durations.js';
import type { Live, Page } from '../live.js';
import { useAction } from '../parts/action.js';
import { useTicks } from '../parts/contexts.js';
import { offsetInWords } from '../parts/header.js';

const STEPS: [label: string, seconds: number][] = [
  ['+1 min', 60],
  ['+5 min', 300],
  ['+1 h', 3600],
  ['+1 d', 86_400],
];

/** Moves the age at which things expire. */
export function ClockControl({ live, page: { clock, control } }: { live: Live; page: Page }) {
  useTicks();
  const [span, setSpan] = useState('');
  const { run, fault, busy } = useAction();
  const move = (done: string, ...bodies: (() => Record<string, unknown>)[]): void =>
    void run(done, async () => {
      for (const body of bodies) await control.send('POST', '/clock', body());
      live.refresh('clock', 'data');
    });
  const typed = (name: 'advance' | 'offset') => () => ({ [name]: parseDuration(span, 'The clock') });
  return (
    <section aria-labelledby="clock" class="panel">
      <h2 id="clock">Clock</h2>
      <p class="face">
        <span class="digits">{dayAndTime(clock.ageNow())}</span>
        <span class="shift">{offsetInWords(clock) || 'real time'}</span>
      </p>
      <p class="note">
        Codes, challenges, grants, sessions and tokens age by this clock. Times on the wire stay real:{' '}
        {dayAndTime(clock.now())}.
      </p>
      <div class="row" role="group" aria-label="Advance the clock">
        {STEPS.map(([label, seconds]) => (
          <button
            key={label}
            type="button"
            disabled={busy}
            aria-label={`Advance by ${label.slice(1)}`}
            onClick={() => move(`Advanced by ${label.slice(1)}`, () => ({ advance: seconds }))}
          >
            {label}
          </button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          move(`Advanced by ${span}`, typed('advance'));
        }}
      >
        <label for="span">By a span of time</label>
        <div class="row">
          <input
            id="span"
            type="text"
            required
            placeholder="6m, 1h30m, -90s"
            autocomplete="off"
            value={span}
            aria-describedby={fault === '' ? undefined : 'clock-fault'}
            onInput={(event) => setSpan(event.currentTarget.value)}
          />
          <button type="submit" disabled={busy}>
            Advance
          </button>
          <button
            type="button"
            disabled={busy || span === ''}
            onClick={() => move(`${span} off real time`, typed('offset'))}
          >
            Set offset
          </button>
        </div>
      </form>
      <div class="row" role="group" aria-label="Run or stand still">
        {clock.frozen ? (
          <button type="button" disabled={busy} onClick={() => move('The clock runs', () => ({ resume: true }))}>
            Resume
          </button>
        ) : (
          <button type="button" disabled={busy} onClick={() => move('The clock is frozen', () => ({ freeze: true }))}>
            Freeze
          </button>
        )}
        <button
          type="button"
          disabled={busy || offsetInWords(clock) === ''}
          onClick={() =>
            move(
              'The clock is back at real time',
              () => ({ resume: true }),
              () => ({ offset: 0 }),
            )
          }
        >
          Back to real time
        </button>
      </div>
      {fault !== '' && (
        <p class="fault" id="clock-fault" role="alert">
          {fault}
        </p>
      )}
    </section>
  );
}

/** In this machine's own zone, as all times of the page: `2026-01-31 09:41:07`. */
function dayAndTime(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}
