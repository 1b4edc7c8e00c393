import type { Command } from 'commander';
import { JWKS_PATH, jwksAnswer } from '../../../backend/jwks.js';
import { StepupError } from '../../../errors.js';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import { interrupted, parseLoopbackHost, parsePort, urlOf } from '../../serving.js';
import { publicKeys } from '../../signing-keys.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  host: string;
  port: string;
  key?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--host <host>', 'address of this machine to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for a free one', '4791')
    .option('--key <key>', 'only this key of the store, or that of a file; repeatable', collect)
    .addHelpText(
      'after',
      `
The keys are read for each call, so a key that is made meanwhile is served too. End it with Ctrl-C.

Examples:
  $ stepup keys serve
  $ stepup config update --jwks-url http://127.0.0.1:4791/.well-known/jwks.json --emulator
  $ stepup keys serve --key main --port 0 --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** How long calls under way may take when it ends. Milliseconds. */
const GRACE_MS = 2000;

/**
 * Serves the public keys at /.well-known/jwks.json until it is interrupted; then the status is 0. `--json`: a line
 * `{"type":"ready","url","jwksUrl","kids"}`, then `{"type":"request","at","method","path","status"}` for each call. Throws FailedError
 * PORT_IN_USE and LISTEN_FAILED, UsageError FLAG_INVALID, and as `keys jwks`.
 */
export async function run(context: Context, { host: wantedHost, port: wantedPort, key }: Options): Promise<void> {
  const { terminal, system } = context;
  const port = parsePort(wantedPort, '--port');
  const host = parseLoopbackHost(wantedHost);
  // Standard input can be read once only.
  const atStart = await publicKeys(context, key);
  const keys = key?.includes('-') ? async () => atStart : () => publicKeys(context, key);
  const { listen } = await import('../../../emulator/listener.js');

  const answer = async (request: Request): Promise<Response> => {
    const response = await answered(request);
    const at = new Date(system.now()).toISOString();
    const path = new URL(request.url).pathname;
    const { method } = request;
    const { status } = response;
    const mark = status === 200 ? terminal.out.good : terminal.out.bad;
    terminal.result(
      { type: 'request', at, method, path, status },
      () => `${terminal.out.dim(at.slice(11, 19))} ${mark(String(status))} ${printable(`${method} ${path}`)}`,
    );
    return response;
  };
  const answered = async (request: Request): Promise<Response> => {
    try {
      return await jwksAnswer(request, keys);
    } catch (error) {
      if (!(error instanceof StepupError)) throw error;
      terminal.warn(`The keys cannot be read: ${error.message}`);
      return Response.json({ error: 'the keys cannot be read' }, { status: 503 });
    }
  };

  const listener = await listen({ host, port, flag: '--port', fetch: answer });
  try {
    const url = urlOf(host, listener.port);
    const ready = {
      type: 'ready',
      url,
      jwksUrl: `${url}${JWKS_PATH}`,
      kids: atStart.map(({ kid }) => kid),
    };
    terminal.result(ready, () =>
      [
        `The public keys are at ${terminal.out.bold(ready.jwksUrl)}`,
        ...ready.kids.map((kid) => `  kid  ${printable(kid)}`),
      ].join('\n'),
    );
    terminal.note('End it with Ctrl-C.');
    await interrupted(system.signal);
  } finally {
    await listener.close(GRACE_MS);
  }
}
