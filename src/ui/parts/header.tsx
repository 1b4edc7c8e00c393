import { durationInWords } from '../../durations.js';
import type { ClockFace } from '../clock.js';
import type { Line, Page } from '../live.js';
import { linkTo } from '../place.js';
import { clockTime } from '../words.js';
import { useTicks } from './contexts.js';

const LINES: Record<Line, string> = {
  connecting: 'connecting …',
  live: 'live',
  away: 'away, trying again …',
  refused: 'refused',
  gone: 'this tenant is gone',
};

/** Whose page it is, whether it is up to date, which tenant, and where its clock stands. */
export function Header({ page, tenant, onTenant }: { page: Page; tenant: string; onTenant(id: string): void }) {
  const { line, trouble, tenants, clock } = page;
  return (
    <header>
      <p class="brand">
        <Mark /> stepup <span>emulator</span>
      </p>
      <p class={`line ${line}`} role="status">
        {LINES[line]} {line === 'away' && <span class="why">{trouble}</span>}
      </p>
      {tenants.length > 1 && (
        <label class="tenant">
          Tenant
          <select value={tenant === tenants[0] ? '' : tenant} onChange={(event) => onTenant(event.currentTarget.value)}>
            {tenants.map((id, index) => (
              <option key={id} value={index === 0 ? '' : id}>
                {id}
              </option>
            ))}
          </select>
        </label>
      )}
      <Clock clock={clock} link={linkTo({ view: 'controls', tenant })} />
    </header>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" class="mark">
      <rect width="32" height="32" rx="7" />
      <path d="M7 24h6v-5h6v-5h6V8" />
    </svg>
  );
}

function Clock({ clock, link }: { clock: ClockFace; link: string }) {
  useTicks();
  const words = offsetInWords(clock);
  return (
    <a class={words === '' ? 'clock' : 'clock moved'} href={link} aria-label={`Clock: ${words || 'real time'}`}>
      <span class="digits">{clockTime(clock.ageNow())}</span>
      <span class="shift">{words || 'real time'}</span>
    </a>
  );
}

/** How far the clock is off real time: `5 min ahead, frozen`; empty when it is not. */
export function offsetInWords(clock: ClockFace): string {
  const offset = Math.round(clock.offset());
  const parts = [
    offset !== 0 && `${durationInWords(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`,
    clock.frozen && 'frozen',
  ];
  return parts.filter(Boolean).join(', ');
}
