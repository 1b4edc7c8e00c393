/** Flows a second: ours, the Firebase Auth emulator's, a bare server's, and the floor's. */
import { measurePrimitives, floorOf } from './floor.mjs';
import { runClient, scratchFolder, startBare, startFirebase, startStepup } from './processes.mjs';
import { freshNonce, targetOf } from './target.mjs';

const ROUNDS = 5;
const SECONDS = 4;
const OUR_FLOWS = { 'phone-sign-in': 'phone sign-in', 'step-up': 'login and step-up' };

/** Rates by case, and the two ratios that are promised. */
export async function measureSpeed() {
  const [ours, firebase, bare] = [
    await startStepup({ home: scratchFolder() }),
    await startFirebase({ home: scratchFolder() }),
    await startBare({ home: scratchFolder() }),
  ];
  const target = await targetOf(ours.found);
  const servers = {
    'Firebase Auth emulator': { target: { url: firebase.found }, flows: { 'firebase-sign-in': 'phone sign-in' } },
    stepup: { target, flows: OUR_FLOWS },
    'bare server': { target: { ...target, url: bare.found }, flows: OUR_FLOWS },
  };
  const cases = [1, 16].flatMap((concurrency) =>
    Object.entries(servers).flatMap(([who, server]) =>
      Object.entries(server.flows).map(([flow, words]) => {
        const what = `${who}, ${words}, ${concurrency} at once`;
        return { what, who, flow, target: server.target, concurrency, rates: [] };
      }),
    ),
  );
  const floors = [];
  let first = 0;
  try {
    for (const one of cases) await measure(one, 1); // warm
    for (let round = 0; round < ROUNDS; round += 1) {
      floors.push(floorOf('step-up', await measurePrimitives()));
      for (const one of cases) one.rates.push(await measure(one, SECONDS));
    }
  } finally {
    await Promise.all([ours.stop(), firebase.stop(), bare.stop()]);
  }

  async function measure({ who, flow, target: at, concurrency }, seconds) {
    first += 100_000;
    // One of minutes ago is refused.
    const nonce = who === 'stepup' ? await freshNonce(at.url) : undefined;
    return (await runClient({ flow, target: { ...at, nonce }, concurrency, seconds, warmUp: 1, first })).rate;
  }

  const rate = (asked, flow) =>
    median(cases.find(({ who, concurrency, flow: one }) => who === asked && one === flow && concurrency === 16).rates);
  const peer = rate('Firebase Auth emulator', 'firebase-sign-in');
  const floor = 1 / median(floors);
  return [
    ...cases.map(({ what, rates }) => ({ what, value: median(rates), unit: '/s' })),
    { what: 'the floor of login and step-up, on one core', value: floor, unit: '/s' },
    {
      what: 'phone sign-in, 16 at once: stepup to Firebase',
      value: rate('stepup', 'phone-sign-in') / peer,
      unit: 'times',
      budget: { least: 3 },
    },
    { what: 'the same of the bare server', value: rate('bare server', 'phone-sign-in') / peer, unit: 'times' },
    {
      what: 'login and step-up, 16 at once: stepup to the floor',
      value: rate('stepup', 'step-up') / floor,
      unit: 'of it',
      budget: { least: 0.6 },
    },
    { what: 'the same of the bare server', value: rate('bare server', 'step-up') / floor, unit: 'of it' },
  ];
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
