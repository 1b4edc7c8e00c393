/** From start to ready, on a data folder that has its keys, as a ratio to an empty Node program. */
import { spawnSync } from 'node:child_process';
import { cleanEnvironment, scratchFolder, startStepup } from './processes.mjs';
import { median } from './speed.mjs';

const ROUNDS = 15;

export async function measureStart() {
  const home = scratchFolder();
  await (await startStepup({ home })).stop(); // makes the keys
  const [empty, ready] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    let began = performance.now();
    spawnSync(process.execPath, ['-e', '0'], { env: cleanEnvironment(home) });
    empty.push(performance.now() - began);
    began = performance.now();
    const { stop } = await startStepup({ home });
    ready.push(performance.now() - began);
    await stop();
  }
  return [
    { what: 'node -e 0', value: median(empty), unit: 'ms' },
    { what: 'emulator start, to its ready line', value: median(ready), unit: 'ms' },
    { what: 'ratio', value: median(ready) / median(empty), unit: 'times', budget: { most: 4 } },
  ];
}
