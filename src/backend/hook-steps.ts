/** The steps of a `review`, checked as Prelude checks them. */
import { isSeconds, kindOf, MAX_SECONDS, misspelt, type Fields } from './hook-fields.js';
import type { HookFault, HookStep, VerdictContext } from './hook-verdict.js';

/** Prelude: steps that the service runs itself. */
const MANAGED = ['verify_sms', 'verify_email', 'verify_passkey'];
const STEP_KEY = /^[a-zA-Z0-9._:-]+$/;
/** The identifier that a step sends its code to. */
const TARGETS: Record<string, string | undefined> = { verify_sms: 'phone_number', verify_email: 'email_address' };

interface CheckedSteps {
  steps: HookStep[];
  /** Keys of custom steps that could not be checked, because the configuration is not known. */
  customSteps: string[];
  faults: HookFault[];
}

/** The steps of an answer, in their order. Prelude: hook response (`steps`), `step_keys`. */
export function checkSteps(fields: Fields, context: VerdictContext): CheckedSteps {
  const { steps: found } = fields;
  if (found === undefined || found === null || (Array.isArray(found) && found.length === 0)) {
    const hint = misspelt(fields, 'steps');
    const missing = { reason: 'missing_steps', expected: 'at least one step', got: kindOf(found), hint } as const;
    return { steps: [], customSteps: [], faults: [missing] };
  }
  if (!Array.isArray(found)) return { steps: [], customSteps: [], faults: [fault('steps as a list', kindOf(found))] };
  const faults: HookFault[] = [];
  const steps = found.flatMap((step: unknown, at) => checkStep(step, at, faults) ?? []);
  faults.push(...repeated(steps));
  const custom = steps.map(({ key }) => key).filter((key) => !MANAGED.includes(key));
  for (const key of custom) {
    if (!context.stepKeys || context.stepKeys.includes(key)) continue;
    const hint = `Add it to the step_keys of the configuration; they are ${context.stepKeys.join(', ') || 'none'} here.`;
    faults.push(fault('a managed step or a key of step_keys', `"${key.slice(0, 40)}"`, hint));
  }
  for (const { key } of steps) {
    const target = TARGETS[key];
    if (target === undefined || context.identifiers.some(({ type }) => type === target)) continue;
    faults.push(
      fault('steps that reach the user', `${key} for a user without ${target}`, "Look at the call's identifiers."),
    );
  }
  steps.sort((one, other) => one.order - other.order);
  return { steps, customSteps: context.stepKeys ? [] : custom, faults };
}

function checkStep(step: unknown, at: number, faults: HookFault[]): HookStep | undefined {
  const where = `steps[${at}]`;
  if (typeof step !== 'object' || step === null || Array.isArray(step)) {
    faults.push(fault(`${where} as an object`, kindOf(step)));
    return undefined;
  }
  const fields = step as Fields;
  const { order, key, expiration_duration: expirationDuration } = fields;
  const wrong = (name: string, expected: string): undefined => {
    faults.push(fault(`${where}.${name}: ${expected}`, kindOf(fields[name]), misspelt(fields, name)));
  };
  if (!Number.isInteger(order)) return wrong('order', 'a whole number');
  if (typeof key !== 'string' || !STEP_KEY.test(key)) return wrong('key', 'letters, digits and . - _ : only');
  if (!isSeconds(expirationDuration)) return wrong('expiration_duration', `0 to ${MAX_SECONDS} seconds`);
  return { order: order as number, key, expirationDuration };
}

function repeated(steps: HookStep[]): HookFault[] {
  return (['order', 'key'] as const).flatMap((name) => {
    const values = steps.map((step) => step[name]);
    const twice = values.find((value, at) => values.indexOf(value) !== at);
    return twice === undefined ? [] : [fault(`another ${name} for each step`, `${twice} twice`)];
  });
}

function fault(expected: string, got: string, hint?: string): HookFault {
  return { reason: 'invalid_step', expected, got, hint };
}
