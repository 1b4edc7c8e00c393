import type { Command } from 'commander';
import type { CheckResult } from '../../providers/provider.js';
import type { Context } from '../context.js';
import { heldInWords } from '../grants.js';
import { printable } from '../terminal/printable.js';
import type { Handle } from '../tree.js';

export interface Options {
  scope: string;
}

/** The answer "step-up is needed"; not a failure. */
const REQUIRED = 7;

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope>', 'scope, e.g. transfer:write')
    .addHelpText(
      'after',
      `
Status 0: an unexpired grant or the access token holds the scope, or the service needs no step-up for it. Status 7: step-up is
needed, or the service could not be asked ("reason":"check-failed").

Examples:
  $ stepup check transfer:write
  $ stepup check transfer:write --json || stepup request transfer:write
`,
    )
    .action(handle((context, scope: string) => run(context, { scope })));
}

/** Whether step-up is needed for a scope now; asks nobody, though it may renew a token that is over. Throws SessionError NOT_LOGGED_IN and UsageError SCOPE_INVALID. */
export async function run(context: Context, options: Options): Promise<number> {
  const { terminal, system } = context;
  const provider = await context.provider();
  const found = await terminal.progress('Asking the service', () => provider.check(options.scope));
  if (found.problem !== undefined) terminal.note(`The check failed: ${found.problem}`);
  terminal.result(found, () => inWords(found, system.now()));
  return found.required ? REQUIRED : 0;
}

function inWords(found: CheckResult, now: number): string {
  const { scope, required, reason, heldBy, credentials = [] } = found;
  if (reason === 'check-failed') return `Whether ${scope} needs step-up is not known, so it counts as needed.`;
  if (required) {
    const ways = credentials.map(
      ({ method, label }) => `  ${method}${label === undefined ? '' : `  ${printable(label)}`}`,
    );
    return [`${scope} is not held. Get it with: stepup request ${scope}`, ...ways].join('\n');
  }
  if (reason === 'not-required') return `${scope} needs no step-up now.`;
  const by = heldBy === 'grant' ? 'a grant' : 'the access token';
  const held = printable(heldInWords(found, now));
  return `${scope} is held by ${by}${held && ` ${held}`}.`;
}
