/** Resident memory after 100,000 sessions have come and gone. */
import { setTimeout as wait } from 'node:timers/promises';
import { residentMiB, runClient, scratchFolder, startStepup } from './processes.mjs';
import { freshNonce, targetOf } from './target.mjs';

const SESSIONS = 100_000;
/** What has ended is looked for once a minute; proofs that were seen end after a minute of real time, whatever the clock says. */
const IDLE_MS = 150_000;

export async function measureMemory() {
  const { pid, found, stop } = await startStepup({ home: scratchFolder() });
  try {
    const target = await targetOf(found);
    const before = residentMiB(pid);
    await runClient({ flow: 'phone-sign-in', target, concurrency: 16, flows: SESSIONS });
    const full = residentMiB(pid);
    // They go by age: 31 days are more than a session lasts, and the next ones find them gone.
    await fetch(`${found.controlUrl}/clock`, {
      method: 'POST',
      headers: { authorization: `Bearer ${found.controlToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ advance: 31 * 86_400 }),
    });
    // The nonce has aged, too.
    const later = { ...target, nonce: await freshNonce(found.url) };
    await runClient({ flow: 'phone-sign-in', target: later, concurrency: 16, flows: 1000, first: SESSIONS });
    const busy = residentMiB(pid);
    await wait(IDLE_MS);
    return [
      { what: 'memory when started', value: before, unit: 'MiB' },
      { what: `memory with ${SESSIONS} sessions`, value: full, unit: 'MiB' },
      { what: 'memory after they have gone, with 1000 new ones', value: busy, unit: 'MiB' },
      { what: 'the same after a pause', value: residentMiB(pid), unit: 'MiB', budget: { most: 150 } },
    ];
  } finally {
    await stop();
  }
}
