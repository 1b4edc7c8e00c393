import type { Live, Page } from '../live.js';
import { ClockControl } from './clock-control.js';
import { FaultControl } from './fault-control.js';

/** What can be changed: the clock, and what shall go wrong. */
export function Controls({ live, page }: { live: Live; page: Page }) {
  return (
    <div class="columns">
      <ClockControl live={live} page={page} />
      <FaultControl live={live} page={page} />
    </div>
  );
}
