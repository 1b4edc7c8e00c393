/** The question for a profile, where a command was given none. */
import { InputNeededError, UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';

/** Lets the person choose. Throws UsageError PROFILE_UNKNOWN when there is none, InputNeededError, InterruptedError. */
export async function askProfile({ terminal }: Context, known: string[]): Promise<string> {
  if (known.length === 0) {
    throw new UsageError('PROFILE_UNKNOWN', 'There is no profile.', {
      field: 'name',
      hint: 'Make one with: stepup init',
    });
  }
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'The name of a profile is needed, and there is nobody to ask.', {
      field: 'name',
      hint: `Give it as an argument: ${known.join(', ')}`,
    });
  }
  return terminal.choose(
    'Profile',
    'name',
    known.map((name) => ({ value: name, label: name })),
  );
}
