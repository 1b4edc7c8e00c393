/** Flows a second: ours, the Firebase Auth emulator's, and the floor's. */
import { measurePrimitives, floorOf } from './floor.mjs';
import { runClient, scratchFolder, startFirebase, startStepup } from './processes.mjs';
import { targetOf } from './target.mjs';

const ROUNDS = 5;
const SECONDS = 4;

/** Rates by case, and the two ratios that are promised. */
export async function measureSpeed() {
  const [ours, firebase] = [
    await startStepup({ home: scratchFolder() }),
    await startFirebase({ home: scratchFolder() }),
  ];
  const target = await targetOf(ours.found);
  const cases = [1, 16]
    .flatMap((concurrency) => [
      {
        what: `Firebase Auth emulator, phone sign-in, ${concurrency} at once`,
        flow: 'firebase-sign-in',
        target: { url: firebase.found },
        concurrency,
      },
      { what: `stepup, phone sign-in, ${concurrency} at once`, flow: 'phone-sign-in', target, concurrency },
      { what: `stepup, login and step-up, ${concurrency} at once`, flow: 'step-up', target, concurrency },
    ])
    .map((one) => ({ ...one, rates: [] }));
  const floors = [];
  let first = 0;
  try {
    for (const one of cases) await measure(one, 1); // warm
    for (let round = 0; round < ROUNDS; round += 1) {
      floors.push(floorOf('step-up', await measurePrimitives()));
      for (const one of cases) one.rates.push(await measure(one, SECONDS));
    }
  } finally {
    await Promise.all([ours.stop(), firebase.stop()]);
  }

  async function measure({ flow, target: at, concurrency }, seconds) {
    first += 100_000;
    return (await runClient({ flow, target: at, concurrency, seconds, first })).rate;
  }

  const rate = (flow, concurrency) =>
    median(cases.find((one) => one.flow === flow && one.concurrency === concurrency).rates);
  const floor = 1 / median(floors);
  return [
    ...cases.map(({ what, rates }) => ({ what, value: median(rates), unit: '/s' })),
    { what: 'the floor of login and step-up, on one core', value: floor, unit: '/s' },
    {
      what: 'phone sign-in, 16 at once: stepup to Firebase',
      value: rate('phone-sign-in', 16) / rate('firebase-sign-in', 16),
      unit: 'times',
      budget: { least: 3 },
    },
    {
      what: 'login and step-up, 16 at once: stepup to the floor',
      value: rate('step-up', 16) / floor,
      unit: 'of it',
      budget: { least: 0.6 },
    },
  ];
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
