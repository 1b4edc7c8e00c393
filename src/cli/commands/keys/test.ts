import type { Command } from 'commander';
import { NO_PRIVATE_KEY } from '../../../backend/jwks-cases.js';
import { LIMIT_MS } from '../../../backend/jwks-fetch.js';
import { testJwks } from '../../../backend/jwks-test.js';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { addReportFlags, createReport, suiteName, type ReportFlags } from '../../report.js';
import { parseKid, publicKeys } from '../../signing-keys.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options extends ReportFlags {
  url: string;
  kid?: string | undefined;
  key?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<jwks-url>', 'address of your JWKS, as in jwks_url of the configuration')
    .option('--kid <kid>', 'a kid that must be in it')
    .option('--key <key>', 'a key that must be in it: a name of the store, or a file (PEM or JSON Web Key)');
  addReportFlags(command)
    .addHelpText(
      'after',
      `
Status 0: nothing must be mended. Status 3: something must. What is marked "advice" is good to have, and no fault. The endpoint has
5 s for an answer; --timeout gives it less.

Examples:
  $ stepup keys test https://api.example.com/.well-known/jwks.json
  $ stepup keys test http://127.0.0.1:4791/.well-known/jwks.json --key main
  $ stepup keys test https://api.example.com/jwks.json --kid 2025-10 --junit keys.xml
`,
    )
    .action(handle((context, url: string, flags: Omit<Options, 'url'>) => run(context, { ...flags, url })));
}

/**
 * Tests a JWKS endpoint. `--json`: `{"cases":[{name,holds,expected,got,hint?,advice?}],"passed","failed"}`. Answers with 3 when something
 * must be mended. Throws UsageError (URL_INVALID, FLAG_INVALID, FLAG_CONFLICT, and as `keys jwks` for `--key`), FailedError
 * FILE_UNWRITABLE, InterruptedError.
 */
export async function run(context: Context, { url, kid, key, ...flags }: Options): Promise<number> {
  const { terminal, timeoutSeconds } = context;
  const { fetch, now, sleep, signal } = context.system;
  const report = createReport(context, flags);
  refuseNoUrl(url);
  const wanted = {
    kid: parseKid(kid),
    key: key === undefined ? undefined : (await publicKeys(context, [key]))[0],
  };
  const limitMs = Math.min(LIMIT_MS, timeoutSeconds * 1000);
  const cases = await terminal.progress('Calling the endpoint', () =>
    testJwks(url, wanted, { fetch, now, sleep, signal, limitMs }),
  );
  const status = await report.print(suiteName('keys test', url), cases);
  const leak = cases.find(({ name, holds }) => name === NO_PRIVATE_KEY && !holds);
  if (leak) terminal.warn(terminal.err.bad(printable(`${leak.got}. ${leak.hint ?? ''}`)));
  return status;
}

/** Plain http is a finding and not refused here. */
function refuseNoUrl(text: string): void {
  if (URL.canParse(text)) {
    const { protocol, hostname, username, password } = new URL(text);
    if (/^https?:$/.test(protocol) && hostname !== '' && username === '' && password === '') return;
  }
  throw new UsageError('URL_INVALID', 'jwks-url is no https address without user and password.', {
    field: 'jwks-url',
    hint: 'For example: https://api.example.com/.well-known/jwks.json',
  });
}
