/** The programs of docs/verify.md in a project that has the packed package, and an emulator that makes tokens for them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatorVariables } from '../../src/emulator/environment.js';
import { freePort } from '../backend/sample-hooks.js';
import { packedProject, root, type Project } from '../library/package.js';
import { startTestEmulator } from '../support/emulator.js';

/** Status and challenge of an answer. */
type Told = [status: number, challenge: string | null];

export interface Programs {
  project: Project;
  names: string[];
  /** Runs one and calls it with: a good token, none, one by a wrong key, one without the scope. */
  walk(file: string): Promise<Told[]>;
  /** What each is to answer then. */
  expected: Told[];
  stop(): Promise<void>;
}

/** Writes the programs. What they need beyond the package is linked by the caller. */
export async function startPrograms(): Promise<Programs> {
  const page = readFileSync(join(root, 'docs', 'verify.md'), 'utf8');
  const files = [...page.matchAll(/<!-- file: (\S+) -->\n\n```js\n([^]*?)```/g)];
  const [project, house] = await Promise.all([packedProject(), startTestEmulator({ httpsPort: undefined })]);
  for (const [, name, text] of files) await project.write(name!, text!);

  const mint = async (defect: string): Promise<string> => {
    const order = { provider: 'prelude', defect, claims: { scope: 'transfer:write' } };
    const answer = await house.control.call('POST', '/tokens', order);
    return ((await answer.json()) as { token: string }).token;
  };

  const walk = async (file: string): Promise<Told[]> => {
    const port = String(await freePort());
    const env = { ...process.env, ...emulatorVariables(house.emulator.ready), PORT: port };
    const child = spawn(process.execPath, [file], { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    try {
      await new Promise<void>((ready, fail) => {
        child.stdout.once('data', () => ready());
        child.once('exit', (code) => fail(new Error(`${file} ended with ${code}`)));
      });
      const told: Told[] = [];
      for (const token of [await mint('none'), undefined, await mint('wrong-key'), await mint('missing-scope')]) {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const answer = await fetch(`http://localhost:${port}/transfers`, { method: 'POST', headers });
        told.push([answer.status, answer.headers.get('www-authenticate')]);
      }
      return told;
    } finally {
      child.kill();
      await ended;
    }
  };

  return {
    project,
    names: files.map(([, name]) => name!),
    walk,
    expected: [
      [200, null],
      [401, 'Bearer, DPoP algs="ES256"'],
      [401, 'Bearer error="invalid_token", error_description="the signature of the token is not good"'],
      [
        403,
        'Bearer error="insufficient_scope", error_description="the token does not hold the scope that is demanded", scope="transfer:write"',
      ],
    ],
    stop: async () => {
      await Promise.all([project.remove(), house.stop()]);
    },
  };
}
