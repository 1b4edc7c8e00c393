/** The application's step-up configuration: the document, its rules, and which entry decides a request. */
import * as v from 'valibot';
import { targetFault } from '../callout.js';
import { lacksTarget, type Verdict } from './hooks.js';
import { isManaged } from './rules.js';
import { IdentifierType, SCOPE, STEP_KEY, type Identifier } from './wire.js';

const PATTERN = '[a-zA-Z0-9.-_:]+';
const Duration = v.pipe(
  v.number('a number of seconds'),
  v.integer('whole seconds'),
  v.minValue(0, '0 to 86400 seconds'),
  v.maxValue(86_400, '0 to 86400 seconds'),
);
const Address = v.pipe(
  v.string('an https URL'),
  v.check((address) => targetFault(address) === undefined, 'an https URL (plain http only on loopback)'),
);
const ScopeName = v.pipe(v.string('a scope'), v.regex(SCOPE, `a scope of the form ${PATTERN}`));
const Key = v.pipe(v.string('a step key'), v.regex(STEP_KEY, `a step key of the form ${PATTERN}`));

const StepKey = v.object({
  key: v.pipe(
    Key,
    v.check((key) => !isManaged(key), 'a key of your own, as managed steps need none'),
  ),
  description: v.optional(v.string()),
});

const DirectStep = v.object({
  order: v.pipe(v.number('a whole number'), v.integer('a whole number')),
  key: Key,
  expiration_duration: Duration,
});

const Direct = v.pipe(
  v.object({
    identifier_types: v.pipe(
      v.array(v.picklist(IdentifierType.options, 'email_address or phone_number'), 'a list of identifier types'),
      v.minLength(1, 'at least one identifier type'),
    ),
    status: v.picklist(['continue', 'review', 'block'], 'continue, review or block'),
    grant_mode: v.optional(
      v.picklist(['single-use', 'session-bound', 'profile-bound'], 'single-use, session-bound or profile-bound'),
    ),
    granted_for: v.optional(Duration),
    steps: v.optional(v.array(DirectStep, 'a list of steps')),
  }),
  demand('grant_mode', ({ status, grant_mode }) => status === 'block' || grant_mode !== undefined, 'a grant mode'),
  demand(
    'granted_for',
    ({ status, granted_for }) => status === 'block' || granted_for !== undefined,
    '0 to 86400 seconds',
  ),
  demand(
    'granted_for',
    ({ status, grant_mode, granted_for }) => status === 'block' || grant_mode === 'single-use' || granted_for !== 0,
    'more than 0 seconds for a session-bound or profile-bound grant',
  ),
  demand(
    'steps',
    ({ status, steps }) => status !== 'review' || (steps?.length ?? 0) > 0,
    'at least one step for review',
  ),
  demand('steps', ({ steps = [] }) => distinct(steps.map(({ order }) => order)), 'steps with distinct order'),
  demand('steps', ({ steps = [] }) => distinct(steps.map(({ key }) => key)), 'steps with distinct keys'),
);
type Direct = v.InferOutput<typeof Direct>;

const AllowedScope = v.variant(
  'mode',
  [
    v.object({
      scope: ScopeName,
      mode: v.literal('delegated'),
      delegated: v.object({ delegation_hook: Address }, 'an object with delegation_hook'),
    }),
    v.object({ scope: ScopeName, mode: v.literal('direct'), direct: Direct }),
    v.object({
      scope: v.pipe(
        ScopeName,
        v.check(
          (scope) => /^prld:(phone|email):register$/.test(scope),
          'prld:phone:register or prld:email:register, which alone can be managed',
        ),
      ),
      mode: v.literal('managed'),
    }),
  ],
  'delegated, direct or managed',
);
export type AllowedScope = v.InferOutput<typeof AllowedScope>;

/** The document of `config/stepup`. Prelude's older form (`signal_hook_url`, scopes as strings) is turned into the current one. */
export const StepUpDocument = v.pipe(
  v.looseObject({}),
  v.transform(modernise),
  v.object({
    jwks_url: v.optional(v.union([v.literal(''), Address], 'an https URL (plain http only on loopback)')),
    step_keys: v.pipe(
      v.array(StepKey, 'a list of step keys'),
      v.check((keys) => distinct(keys.map(({ key }) => key)), 'distinct step keys'),
    ),
    allowed_scopes: v.array(AllowedScope, 'a list of allowed scopes'),
  }),
  demand(
    'jwks_url',
    ({ jwks_url, allowed_scopes }) => Boolean(jwks_url) || !allowed_scopes.some(({ mode }) => mode === 'delegated'),
    'an https URL, as a scope is delegated',
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    const path = dataset.typed ? unregisteredStep(dataset.value) : undefined;
    if (path) addIssue({ message: 'a managed step or a key of step_keys', path });
  }),
);
export type StepUpDocument = v.InferOutput<typeof StepUpDocument>;

/** The document with its times, as the service keeps and shows it. */
export type StepUpConfig = StepUpDocument & { created_at: string; updated_at: string };

/** Which entry decides for a user: the first of the scope that fits one of the identifiers. */
export type Choice = { entry: AllowedScope } | { none: 'scope_not_allowed' | 'direct_scope_identifier_mismatch' };

/** Prelude: chooses the entry of a scope for a user with these identifiers. */
export function chooseEntry(config: StepUpDocument, scope: string, identifiers: Identifier[]): Choice {
  const entries = config.allowed_scopes.filter((entry) => entry.scope === scope);
  if (entries.length === 0) return { none: 'scope_not_allowed' };
  const fits = (entry: AllowedScope): boolean =>
    entry.mode !== 'direct' || identifiers.some(({ type }) => entry.direct.identifier_types.includes(type));
  const entry = entries.find(fits);
  return entry ? { entry } : { none: 'direct_scope_identifier_mismatch' };
}

/** The verdict that a direct entry stores; undefined when one of its steps reaches none of the user's identifiers. */
export function directVerdict(
  { status, grant_mode, granted_for, steps = [] }: Direct,
  identifiers: Identifier[],
): Verdict | undefined {
  if (status === 'block' || grant_mode === undefined || granted_for === undefined) return { status: 'block' };
  if (status === 'continue') return { status, grantMode: grant_mode, grantedFor: granted_for, steps: [] };
  if (steps.some(({ key }) => lacksTarget(key, identifiers))) return undefined;
  return { status, grantMode: grant_mode, grantedFor: granted_for, steps };
}

function modernise(document: { [key: string]: unknown }): { [key: string]: unknown } {
  const { signal_hook_url, allowed_scopes } = document;
  if (typeof signal_hook_url !== 'string' || !Array.isArray(allowed_scopes)) return document;
  const delegated = { delegation_hook: signal_hook_url };
  const entries: unknown[] = allowed_scopes;
  return {
    ...document,
    allowed_scopes: entries.map((scope) =>
      typeof scope === 'string' ? { scope, mode: 'delegated', delegated } : scope,
    ),
  };
}

/** Where the first step stands whose key is neither managed nor in `step_keys`. */
function unregisteredStep(document: {
  step_keys: { key: string }[];
  allowed_scopes: AllowedScope[];
}): [v.UnknownPathItem, ...v.UnknownPathItem[]] | undefined {
  const known = new Set(document.step_keys.map(({ key }) => key));
  for (const [at, entry] of document.allowed_scopes.entries()) {
    const steps = entry.mode === 'direct' ? (entry.direct.steps ?? []) : [];
    const unknown = steps.findIndex(({ key }) => !isManaged(key) && !known.has(key));
    if (unknown < 0) continue;
    const item = (key: unknown): v.UnknownPathItem => ({
      type: 'unknown',
      origin: 'value',
      input: document,
      key,
      value: null,
    });
    return [item('allowed_scopes'), ...[at, 'direct', 'steps', unknown, 'key'].map(item)];
  }
  return undefined;
}

function distinct(values: unknown[]): boolean {
  return new Set(values).size === values.length;
}

/** A check over the whole object whose fault is told of one field. */
function demand<T extends object, K extends keyof T & string>(
  field: K,
  holds: (value: T) => boolean,
  message: string,
): v.GenericValidation<T> {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed || holds(dataset.value)) return;
    const input = dataset.value as Record<string, unknown>;
    addIssue({ message, path: [{ type: 'object', origin: 'value', input, key: field, value: input[field] }] });
  });
}
