/** Resident memory after 100,000 sessions have come and gone. */
import { residentMiB, runClient, scratchFolder, startStepup } from './processes.mjs';
import { targetOf } from './target.mjs';

const SESSIONS = 100_000;

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
    await runClient({ flow: 'phone-sign-in', target, concurrency: 16, flows: 1000, first: SESSIONS });
    return [
      { what: 'memory when started', value: before, unit: 'MiB' },
      { what: `memory with ${SESSIONS} sessions`, value: full, unit: 'MiB' },
      { what: 'memory after they have gone', value: residentMiB(pid), unit: 'MiB', budget: { most: 150 } },
    ];
  } finally {
    await stop();
  }
}
