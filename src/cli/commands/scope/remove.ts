import type { Command } from 'commander';
import { parseScope } from '../../../providers/prelude/input.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope>', 'the scope, e.g. transfer:write')
    .addHelpText(
      'after',
      `
It is taken out of the step-up configuration and off the application. Tokens that hold it already keep it until they end.

Examples:
  $ stepup scope remove transfer:write
  $ stepup scope remove transfer:write --json
`,
    )
    .action(handle((context, scope: string) => run(context, { scope })));
}

export interface Options {
  scope: string;
}

/** No longer allows a scope; one that is not there is no error. Throws UsageError SCOPE_INVALID, RefusedError. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const scope = parseScope(options.scope);
  const management = await context.management();
  const { registered, allowed } = await terminal.progress('Removing the scope', async () => {
    const config = await management.stepUpConfig();
    const left = config?.allowed_scopes.filter((entry) => entry.scope !== scope) ?? [];
    const wasAllowed = config !== undefined && left.length < config.allowed_scopes.length;
    if (wasAllowed) await management.replaceStepUpConfig({ ...config, allowed_scopes: left });
    const wasRegistered = (await management.scopes()).includes(scope) && (await management.removeScope(scope));
    return { registered: wasRegistered, allowed: wasAllowed };
  });
  const changed = registered || allowed;
  terminal.result({ scope, changed, unregistered: registered, disallowed: allowed }, () => {
    if (!changed) return `Scope ${scope} is not there: nothing to remove.`;
    const from = [...(allowed ? ['the step-up configuration'] : []), ...(registered ? ['the application'] : [])];
    return `Scope ${scope} is removed from ${from.join(' and ')}.`;
  });
}
