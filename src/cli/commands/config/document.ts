/** A whole configuration from a file: read, parsed, and checked as the service would check it. */
import { UsageError } from '../../../errors.js';
import { parseStepUpConfig, type AllowedScope, type StepUpConfig } from '../../../providers/prelude/config.js';
import type { System } from '../../../system.js';
import { callbackUrl } from '../../../target/addresses.js';
import { readInput } from '../../secrets.js';
import { MANAGED_STEPS } from '../../verdict.js';

export interface Document {
  config: StepUpConfig;
  /** Fields that this program does not know, as `allowed_scopes.0.mood`; by their place without numbers. */
  unknown: Map<string, string>;
}

/** Every field of the service's document that this program knows. `*` stands for the place in a list. */
export const KNOWN: ReadonlySet<string> = new Set([
  'jwks_url',
  'step_keys',
  'allowed_scopes',
  'created_at',
  'updated_at',
  'signal_hook_url',
  'step_keys.*.key',
  'step_keys.*.description',
  ...['scope', 'mode', 'delegated', 'direct'].map((field) => `allowed_scopes.*.${field}`),
  'allowed_scopes.*.delegated.delegation_hook',
  ...['identifier_types', 'status', 'grant_mode', 'granted_for', 'steps'].map(
    (field) => `allowed_scopes.*.direct.${field}`,
  ),
  ...['order', 'key', 'expiration_duration'].map((field) => `allowed_scopes.*.direct.steps.*.${field}`),
]);

/**
 * Reads `--file`: the document itself, or within `{"config":…}` as the service answers it. Throws UsageError FILE_UNREADABLE,
 * DOCUMENT_INVALID and URL_INVALID with the path of the field, and InputNeededError for `-` on a terminal.
 */
export async function readDocument(system: Pick<System, 'stdin'>, path: string): Promise<Document> {
  const raw = unwrapped(parseJson(await readInput(system, path, '--file')));
  const config = parseStepUpConfig(raw);
  checkConfig(config);
  return { config, unknown: unknownFields(raw) };
}

/**
 * Refuses fields that neither this program nor the configuration that is stored now knows: they are typing errors. Throws
 * UsageError DOCUMENT_INVALID.
 */
export function refuseUnknown({ unknown }: Document, stored: StepUpConfig | undefined): void {
  const accepted = unknownFields(stored ?? {});
  const paths = [...unknown].filter(([place]) => !accepted.has(place)).map(([, path]) => path);
  if (paths.length === 0) return;
  const what = paths.length === 1 ? 'a field' : 'fields';
  throw new UsageError('DOCUMENT_INVALID', `The configuration has ${what} that is not known: ${paths.join(', ')}.`, {
    field: paths[0],
    hint: 'The fields are jwks_url, step_keys (key, description) and allowed_scopes (scope, mode, delegated or direct).',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const what = text.trim() === '' ? 'is empty' : 'is no JSON';
    throw new UsageError('DOCUMENT_INVALID', `--file: the document ${what}.`, { field: '--file' });
  }
}

function unwrapped(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || !('config' in document)) return document;
  return Object.keys(document).length === 1 ? document.config : document;
}

/** What the shape alone does not say. Throws UsageError DOCUMENT_INVALID, URL_INVALID. */
function checkConfig({ jwks_url, step_keys, allowed_scopes }: StepUpConfig): void {
  if (jwks_url) callbackUrl(jwks_url, 'jwks_url');
  step_keys.forEach(({ key }, at) => {
    if (MANAGED_STEPS.includes(key)) throw wrong(`step_keys.${at}.key`, `${key} is a step of the service's own`);
    if (step_keys.findIndex((other) => other.key === key) !== at) {
      throw wrong(`step_keys.${at}.key`, `${key} is there twice`);
    }
  });
  const keys = [...MANAGED_STEPS, ...step_keys.map(({ key }) => key)];
  allowed_scopes.forEach((entry, at) => checkEntry(entry, `allowed_scopes.${at}`, keys));
  const delegated = allowed_scopes.find(({ mode }) => mode === 'delegated');
  if (delegated && !jwks_url) throw wrong('jwks_url', `it is missing, and ${delegated.scope} is delegated`);
}

function checkEntry(entry: AllowedScope, at: string, keys: string[]): void {
  if (entry.mode === 'delegated') {
    callbackUrl(entry.delegated.delegation_hook, `${at}.delegated.delegation_hook`);
    return;
  }
  if (entry.mode !== 'direct') return;
  const { status, steps = [] } = entry.direct;
  if (status === 'review' && steps.length === 0) throw wrong(`${at}.direct.steps`, 'a review has at least one step');
  steps.forEach(({ key }, step) => {
    if (!keys.includes(key)) throw wrong(`${at}.direct.steps.${step}.key`, `${key} is not among step_keys`);
  });
}

function wrong(field: string, why: string): UsageError {
  return new UsageError('DOCUMENT_INVALID', `The configuration is wrong at ${field}: ${why}.`, { field });
}

function unknownFields(document: unknown): Map<string, string> {
  const unknown = new Map<string, string>();
  const visit = (value: unknown, place: string, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      const at = (parent: string, step: string): string => (parent === '' ? step : `${parent}.${step}`);
      const innerPlace = at(place, Array.isArray(value) ? '*' : name);
      const innerPath = at(path, name);
      if (Array.isArray(value) || KNOWN.has(innerPlace)) visit(inner, innerPlace, innerPath);
      else unknown.set(innerPlace, innerPath);
    }
  };
  visit(document, '', '');
  return unknown;
}
