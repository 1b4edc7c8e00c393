/** The profile that `init` makes: its name, and whether it may take the place of another. */
import { InterruptedError, UsageError } from '../../../errors.js';
import type { Profile } from '../../../store/store.js';
import type { Context } from '../../context.js';

/** What `init` is told beside the application. */
export interface NameFlags {
  /** The profile's name. */
  name?: string | undefined;
  /** Replaces a profile of the same name. */
  force?: boolean | undefined;
}

/** The name to keep it under. Throws UsageError PROFILE_EXISTS, InterruptedError when the person says no. */
export async function chooseName(
  context: Context,
  profile: Profile,
  preset: string,
  { name, force }: NameFlags,
): Promise<string> {
  const chosen = name ?? (await askName(context, preset));
  await mayReplace(context, chosen, profile, force === true);
  return chosen;
}

async function askName({ terminal }: Context, preset: string): Promise<string> {
  if (!terminal.interactive) return preset;
  return terminal.ask({ message: 'Name of the profile', flag: '--name', default: preset, problem: nameProblem });
}

function nameProblem(name: string): string | undefined {
  return /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name)
    ? undefined
    : 'A profile name has letters, digits and . _ - only, and begins with a letter or digit.';
}

/** Throws UsageError PROFILE_INVALID. */
export function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new UsageError('PROFILE_INVALID', `--name: ${problem}`, { field: '--name' });
}

async function mayReplace({ store, terminal }: Context, name: string, profile: Profile, force: boolean): Promise<void> {
  const known = (await store.profiles())[name];
  if (known === undefined || force || isSame(known, profile)) return;
  if (!terminal.interactive) {
    throw new UsageError('PROFILE_EXISTS', `There is a profile "${name}" already, of ${applicationIn(known)}.`, {
      field: '--name',
      hint: 'Give another --name, or --force to replace it.',
    });
  }
  const question = `There is a profile "${name}" already, of ${applicationIn(known)}. Replace it?`;
  if (!(await terminal.confirm(question, '--force'))) throw new InterruptedError();
}

/** An application in words. */
export function applicationIn(profile: Profile): string {
  return profile.provider === 'prelude' ? `application ${profile.appId}` : `environment ${profile.environmentId}`;
}

function isSame(one: Profile, other: Profile): boolean {
  if (one.provider === 'prelude') {
    return (
      other.provider === 'prelude' &&
      (['appId', 'frontendUrl', 'managementUrl'] as const).every((field) => one[field] === other[field])
    );
  }
  return (
    other.provider === 'dynamic' &&
    (['environmentId', 'apiUrl', 'origin'] as const).every((field) => one[field] === other[field])
  );
}
