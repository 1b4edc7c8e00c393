import type { Live, Page } from '../live.js';
import { ClockControl } from './clock-control.js';
import { FaultControl } from './fault-control.js';
import { StateControl } from './state-control.js';

/** What can be changed: the clock, what shall go wrong, and all that is kept. */
export function Controls({ live, page }: { live: Live; page: Page }) {
  return (
    <div class="columns">
      <div class="stack">
        <ClockControl live={live} page={page} />
        <StateControl live={live} page={page} />
      </div>
      <FaultControl live={live} page={page} />
    </div>
  );
}
