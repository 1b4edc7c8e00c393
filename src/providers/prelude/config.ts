/** Prelude's step-up configuration: one document an application, in the service's own field names. */
import * as v from 'valibot';
import { UsageError } from '../../errors.js';

const name = v.pipe(
  v.string(),
  v.regex(/^[a-zA-Z0-9.\-_:]+$/, 'has characters other than letters, digits and . - _ :'),
);
const duration = v.pipe(
  v.number(),
  v.integer('is no whole number of seconds'),
  v.minValue(0, 'is below 0 seconds'),
  v.maxValue(86_400, 'is over 86400 seconds'),
);

/** One step of a stored verdict. `expiration_duration` is in seconds. */
const stepSchema = v.looseObject({
  order: v.pipe(v.number(), v.integer('is no whole number')),
  key: name,
  expiration_duration: duration,
});

const directSchema = v.looseObject({
  identifier_types: v.array(v.picklist(['email_address', 'phone_number'])),
  status: v.picklist(['continue', 'review', 'block']),
  grant_mode: v.optional(v.picklist(['single-use', 'session-bound', 'profile-bound'])),
  granted_for: v.optional(duration),
  steps: v.optional(v.array(stepSchema)),
});

/** One scope that may be requested. The same scope may come several times with other identifier types; the first fit wins. */
const allowedScopeSchema = v.variant('mode', [
  v.looseObject({
    scope: name,
    mode: v.literal('delegated'),
    delegated: v.looseObject({ delegation_hook: v.pipe(v.string(), v.url('is no URL')) }),
  }),
  v.looseObject({ scope: name, mode: v.literal('direct'), direct: directSchema }),
  v.looseObject({ scope: name, mode: v.literal('managed') }),
]);

const stepKeySchema = v.looseObject({ key: name, description: v.optional(v.string()) });

/** Fields that we do not know are kept, so that reading, changing and writing loses nothing. */
export const stepUpConfigSchema = v.looseObject({
  jwks_url: v.optional(v.string()),
  step_keys: v.optional(v.array(stepKeySchema), []),
  allowed_scopes: v.optional(v.array(allowedScopeSchema), []),
  created_at: v.optional(v.string()),
  updated_at: v.optional(v.string()),
});

export type StepUpConfig = v.InferOutput<typeof stepUpConfigSchema>;
export type AllowedScope = v.InferOutput<typeof allowedScopeSchema>;
export type StepKey = v.InferOutput<typeof stepKeySchema>;
export type DirectVerdict = v.InferOutput<typeof directSchema>;

/** The form before per-scope modes: every scope is delegated to the one hook. */
const olderSchema = v.pipe(
  v.looseObject({
    signal_hook_url: v.string(),
    jwks_url: v.optional(v.string()),
    step_keys: v.optional(v.array(stepKeySchema), []),
    allowed_scopes: v.array(name),
  }),
  v.transform(({ signal_hook_url, allowed_scopes, ...rest }): StepUpConfig => ({
    ...rest,
    allowed_scopes: allowed_scopes.map((scope) => ({
      scope,
      mode: 'delegated' as const,
      delegated: { delegation_hook: signal_hook_url },
    })),
  })),
);

/** A configuration as the service answers it, in the current form or the older one. */
export const readConfigSchema = v.union([olderSchema, stepUpConfigSchema]);

/** What is written: the document without the service's own times. */
export function withoutTimes({ created_at: _created, updated_at: _updated, ...document }: StepUpConfig): StepUpConfig {
  return document;
}

/**
 * A whole configuration from a file, in the service's field names (the older form is read too). Throws UsageError
 * DOCUMENT_INVALID with the path of the field that is wrong.
 */
export function parseStepUpConfig(document: unknown): StepUpConfig {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new UsageError('DOCUMENT_INVALID', 'The configuration is no JSON object.', {
      hint: 'It is the object that stepup config show --json prints: jwks_url, step_keys, allowed_scopes.',
    });
  }
  const schema = 'signal_hook_url' in document ? olderSchema : stepUpConfigSchema;
  const parsed = v.safeParse(schema, document);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? undefined;
  throw new UsageError(
    'DOCUMENT_INVALID',
    `The configuration is wrong${field ? ` at ${field}` : ''}: ${problemOf(issue)}.`,
    {
      field,
      hint: 'It is the JSON object that stepup config show --json prints: jwks_url, step_keys, allowed_scopes.',
    },
  );
}

const KINDS: Record<string, string> = { Object: 'an object', Array: 'a list', string: 'a text', number: 'a number' };

/** An issue in our words: a check's message is, one about the kind of a value is the library's. */
export function problemOf({ kind, expected, received, message }: v.BaseIssue<unknown>): string {
  if (kind !== 'schema') return message;
  if (received === 'undefined') return 'it is missing';
  const choices = (expected ?? 'something else').replace(/[()]/g, '').replaceAll(' | ', ' or ');
  return `expected ${KINDS[choices] ?? choices}, got ${KINDS[received] ?? received}`;
}
