/** The calls that make an application be as a stepup.json says, in an order that leaves it working wherever they end. */
import type { Management } from '../../providers/prelude/management.js';
import type { OtpLoginBody } from '../../providers/prelude/management-login.js';
import { carry } from './carry.js';
import type { Change } from './changes.js';
import type { FileOtpLogin, StepUpFile } from './document.js';
import { pairOtpLogins } from './pairs.js';
import type { Snapshot } from './snapshot.js';

export interface Action {
  /** What it does, as `register the scope transfer:write`. */
  does: string;
  run(): Promise<unknown>;
}

/**
 * First what is only more than before (scopes, logins: defaults before others), then the step-up configuration in one write, and what
 * nothing names any more at the end.
 */
export function planOf(management: Management, snapshot: Snapshot, file: StepUpFile, changes: Change[]): Action[] {
  const scopes = (change: Change['change']): string[] =>
    changes.filter((each) => each.section === 'scopes' && each.change === change).map(({ item }) => item);
  const logins = otpActions(management, snapshot, file, changes);
  return [
    ...scopes('added').map((scope) => ({
      does: `register the scope ${scope}`,
      run: () => management.addScope(scope),
    })),
    ...logins.write,
    ...passwordActions(management, snapshot, file, changes),
    ...stepUpActions(management, snapshot, file, changes),
    ...logins.remove,
    ...scopes('removed').map((scope) => ({
      does: `unregister the scope ${scope}`,
      run: () => management.removeScope(scope),
    })),
  ];
}

function stepUpActions(management: Management, { stepup }: Snapshot, file: StepUpFile, changes: Change[]): Action[] {
  if (file.stepup === undefined || !changes.some(({ section }) => section === 'stepup')) return [];
  if (file.stepup === null) {
    return [{ does: 'delete the step-up configuration', run: () => management.deleteStepUpConfig() }];
  }
  const next = carry('stepup', stepup, file.stepup);
  return stepup
    ? [{ does: 'replace the step-up configuration', run: () => management.replaceStepUpConfig(next) }]
    : [{ does: 'make the step-up configuration', run: () => management.createStepUpConfig(next) }];
}

function otpActions(
  management: Management,
  { login_otp: before = [] }: Snapshot,
  { login_otp: after }: StepUpFile,
  changes: Change[],
): { write: Action[]; remove: Action[] } {
  if (!after) return { write: [], remove: [] };
  const changed = new Set(changes.map(({ id }) => id));
  const write: { isDefault: boolean; action: Action }[] = [];
  const remove: Action[] = [];
  for (const { stored, wanted } of pairOtpLogins(before, after)) {
    if (stored && !changed.has(stored.id)) continue;
    if (stored && !wanted) {
      const { id, channel_type } = stored;
      remove.push({
        does: `remove the ${channel_type} login configuration ${id}`,
        run: () => management.removeOtpLogin(id),
      });
    } else if (wanted) {
      const body = bodyOf(carry('login_otp', stored, wanted));
      const action = stored
        ? {
            does: `change the ${wanted.channel_type} login configuration ${stored.id}`,
            run: () => management.replaceOtpLogin(stored.id, body),
          }
        : {
            does: `add a login configuration for ${wanted.channel_type}`,
            run: () => management.addOtpLogin(body),
          };
      write.push({ isDefault: wanted.is_default, action });
    }
  }
  write.sort((one, other) => Number(other.isDefault) - Number(one.isDefault));
  return { write: write.map(({ action }) => action), remove };
}

function bodyOf(login: FileOtpLogin): OtpLoginBody {
  return { config_type: 'otp', ...login };
}

function passwordActions(
  management: Management,
  { login_password: stored }: Snapshot,
  { login_password: wanted }: StepUpFile,
  changes: Change[],
): Action[] {
  if (!wanted || !changes.some(({ section }) => section === 'login_password')) return [];
  const login = carry('login_password', stored, wanted);
  const does = stored ? 'change the configuration of password login' : 'turn on password login';
  return [{ does, run: () => management.writePasswordLogin(login, Boolean(stored)) }];
}
