/** What is wrong with a stepup.json beyond the shape of its fields. */
import { MANAGED_STEPS } from '../verdict.js';
import { SECTIONS, type FileScope, type FileStepUp, type StepUpFile } from './document.js';

export interface Fault {
  path: (string | number)[];
  /** What is wrong, as what follows the path: `is there twice`. */
  problem: string;
}

/** All of them, in the order of the file's sections. */
export function faultsOf(file: StepUpFile): Fault[] {
  return [
    ...(SECTIONS.every((section) => file[section] === undefined)
      ? [{ path: [], problem: `says nothing: it has none of ${SECTIONS.join(', ')}` }]
      : []),
    ...twice(file.scopes ?? [], (scope) => scope, ['scopes']),
    ...(file.stepup ? stepUpFaults(file.stepup) : []),
    ...loginFaults(file.login_otp ?? []),
  ];
}

function twice<T>(list: T[], nameOf: (entry: T) => unknown, path: Fault['path'], ...inner: string[]): Fault[] {
  const names = list.map(nameOf);
  return names.flatMap((each, at) =>
    names.indexOf(each) < at ? [{ path: [...path, at, ...inner], problem: `is there twice: ${String(each)}` }] : [],
  );
}

function stepUpFaults({ jwks_url, step_keys, allowed_scopes }: FileStepUp): Fault[] {
  const keys = step_keys.map(({ key }) => key);
  const delegated = allowed_scopes.find(({ mode }) => mode === 'delegated');
  return [
    ...twice(step_keys, ({ key }) => key, ['stepup', 'step_keys'], 'key'),
    ...(delegated && !jwks_url
      ? [{ path: ['stepup', 'jwks_url'], problem: `is missing, and ${delegated.scope} is delegated` }]
      : []),
    ...allowed_scopes.flatMap((entry, at) => entryFaults(entry, ['stepup', 'allowed_scopes', at], keys)),
    ...allowed_scopes.flatMap((entry, at) => shadowFaults(entry, at, allowed_scopes)),
  ];
}

function entryFaults(entry: FileScope, path: Fault['path'], keys: string[]): Fault[] {
  if (entry.mode !== 'direct') return [];
  const { status, grant_mode, granted_for, steps = [] } = entry.direct;
  const fault = (field: string, problem: string): Fault => ({ path: [...path, 'direct', field], problem });
  const known = [...MANAGED_STEPS, ...keys];
  const grants = status !== 'block';
  return [
    ...(grants && grant_mode === undefined ? [fault('grant_mode', `is missing, and ${status} grants`)] : []),
    ...(grants && granted_for === undefined ? [fault('granted_for', `is missing, and ${status} grants`)] : []),
    ...(grants && granted_for === 0 && grant_mode !== undefined && grant_mode !== 'single-use'
      ? [fault('granted_for', `is 0, and a ${grant_mode} grant has a time`)]
      : []),
    ...(status === 'review' && steps.length === 0
      ? [fault('steps', 'is missing or empty: a review has at least one step')]
      : []),
    ...twice(steps, ({ order }) => order, [...path, 'direct', 'steps'], 'order'),
    ...twice(steps, ({ key }) => key, [...path, 'direct', 'steps'], 'key'),
    ...steps.flatMap(({ key }, at) =>
      known.includes(key)
        ? []
        : [{ path: [...path, 'direct', 'steps', at, 'key'], problem: `is neither in step_keys nor managed: ${key}` }],
    ),
  ];
}

/** Prelude: the first entry of a scope that fits one of the user's identifiers decides, so one that nobody is left for is an error. */
function shadowFaults(entry: FileScope, at: number, all: FileScope[]): Fault[] {
  const before = all.slice(0, at).flatMap((other, place) => (other.scope === entry.scope ? [{ other, place }] : []));
  const whole = before.find(({ other }) => other.mode !== 'direct');
  const taken = before.flatMap(({ other }) => (other.mode === 'direct' ? other.direct.identifier_types : []));
  const own = entry.mode === 'direct' ? entry.direct.identifier_types : undefined;
  const first = whole ?? (own?.every((type) => taken.includes(type)) ? before.at(-1) : undefined);
  if (!first) return [];
  const problem = `is a second entry of ${entry.scope} that no user reaches: allowed_scopes.${first.place} decides before it`;
  return [{ path: ['stepup', 'allowed_scopes', at], problem }];
}

function loginFaults(logins: NonNullable<StepUpFile['login_otp']>): Fault[] {
  return logins.flatMap(({ channel_type, is_default }, at) => {
    const first = logins.findIndex((other) => other.channel_type === channel_type && other.is_default);
    if (!is_default || first === at) return [];
    const problem = `is a second default of ${channel_type}, beside login_otp.${first}`;
    return [{ path: ['login_otp', at, 'is_default'], problem }];
  });
}
