/** The guides: each command in them is run, in their order, on one emulator. */
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { startTestEmulator } from './support/emulator.js';
import { stepup, temporaryHome } from './support/stepup.js';

const read = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

interface Line {
  words: string[];
  status: number;
}

/** The lines of the blocks that are marked to be run. `|| test $? -eq N` is the status that a line ends with. */
function linesOf(guide: string): Line[] {
  const blocks = [...read(guide).matchAll(/<!-- run -->\n\n```sh\n([^]*?)```/g)].map(([, block]) => block!);
  return blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/ +#.*/, '').trim())
    .filter(Boolean)
    .map((line) => {
      const [command = '', expected] = line.split(/ \|\| test \$\? -eq /);
      return { words: command.split(/ +/).slice(1), status: Number(expected ?? 0) };
    });
}

const CODE_COMMANDS = /^(login --(phone|email)|request (?!.*--(no-input|method))|mfa add)/;

describe.each(['prelude.md', 'dynamic.md'])('docs/%s', (guide) => {
  it('is run as it is written', async () => {
    const lines = linesOf(guide);
    expect(lines.length).toBeGreaterThan(12);
    const { home, remove } = await temporaryHome();
    const { emulator, control, stop } = await startTestEmulator();
    await control.settings({ dynamic: { otpSends: 100 } });
    const at = `--emulator=${emulator.ready.url}`;
    const newest = async (): Promise<string> => (await control.messages()).at(-1)!.code;
    const run = async () => ({ status: 0, stdout: await newest(), timedOut: false });
    const hook = await startHook(home, at);
    for (const { words, status } of lines) {
      const typed: string[] = [];
      for (const word of words) {
        if (word === '--emulator') typed.push(at);
        else if (word === 'CODE') typed.push(await newest());
        else typed.push(word.replace('http://127.0.0.1:4790/hooks/stepup', hook.url));
      }
      const codes = CODE_COMMANDS.test(words.join(' ')) ? ['--code-command', 'phone'] : [];
      const outcome = await stepup([...typed, ...codes], { home, run });
      const line = words.join(' ');
      expect({ line, status: outcome.status, stderr: outcome.status === status ? '' : outcome.stderr }).toEqual({
        line,
        status,
        stderr: '',
      });
    }
    await hook.stop();
    await stop();
    await remove();
  });
});

async function startHook(home: string, at: string): Promise<{ url: string; stop(): Promise<void> }> {
  const stopping = new AbortController();
  let ready: (url: string) => void;
  const isReady = new Promise<string>((resolve) => (ready = resolve));
  const ended = stepup(`hook serve --port 0 --verdict review --step verify_sms --json ${at}`, {
    home,
    stdin: new PassThrough(),
    signal: stopping.signal,
    onStdout: (text) => {
      const event = JSON.parse(text.split('\n')[0]!) as { type: string; hookUrl: string };
      if (event.type === 'ready') ready(event.hookUrl);
    },
  });
  return {
    url: await isReady,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
