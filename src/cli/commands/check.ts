import type { Command } from 'commander';
import { parseScope } from '../../providers/prelude/input.js';
import type { CheckResult } from '../../providers/provider.js';
import type { Context } from '../context.js';
import { timeLeft } from '../durations.js';
import type { Handle } from '../program.js';

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
Status 0: an unexpired grant or the access token holds the scope. Status 7: step-up is needed.

Examples:
  $ stepup check transfer:write
  $ stepup check transfer:write --json || stepup request transfer:write
`,
    )
    .action(handle((context, scope: string) => run(context, { scope })));
}

/** Whether step-up is needed for a scope now; asks nobody. Throws SessionError NOT_LOGGED_IN and UsageError SCOPE_INVALID. */
export async function run(context: Context, options: Options): Promise<number> {
  const { terminal, system } = context;
  const scope = parseScope(options.scope);
  const provider = await context.provider();
  const found = await provider.check(scope);
  const { required, heldBy, expiresAt } = found;
  terminal.result({ scope, required, heldBy, expiresAt }, () => inWords(found, system.now()));
  return required ? REQUIRED : 0;
}

function inWords({ scope, required, heldBy, expiresAt }: CheckResult, now: number): string {
  if (required) return `${scope} is not held. Get it with: stepup request ${scope}`;
  const by = heldBy === 'grant' ? 'a grant' : 'the access token';
  return `${scope} is held by ${by}${expiresAt ? ` until ${expiresAt} (${timeLeft(expiresAt, now)})` : ''}.`;
}
