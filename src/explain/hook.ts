/** A call of a step-up hook as it arrived: its signature over the raw body, and what is in it (Prelude: hook request). */
import { readKeySet } from '../backend/hook-key-set.js';
import { findSignature, type SignatureFinding } from '../backend/hook-signature.js';
import { RANKS, type Finding } from './check.js';
import { valuesOf } from './http-head.js';
import type { HttpRequest } from './http-message.js';
import { shown, shownList, shownText } from './shown.js';
import type { FoundKeys, World } from './world.js';

export const SIGNATURE_HEADER = 'x-webhook-signature';
const KEY_HEADER = 'x-webhook-signature-key-id';

/** Larger bodies are no hook calls. */
const MAX_BODY = 64 * 1024;

/** Looks at a call of a hook. */
export async function hookFindings(request: HttpRequest, world: World): Promise<Finding[]> {
  const { method, headers, body } = request;
  const keys = await world.keys('tokens');
  return [
    {
      check: 'method',
      ok: method === undefined ? null : method === 'POST',
      expected: 'POST',
      actual: shown(method),
      cause: `Hooks are called with POST, and not ${shown(method)}.`,
      rank: RANKS.kind,
    },
    headerFinding(
      headers,
      SIGNATURE_HEADER,
      'The call is not signed',
      'It is not of Prelude, or a proxy has taken the header off.',
    ),
    headerFinding(
      headers,
      KEY_HEADER,
      'The call does not say by which key it is signed',
      'A proxy may have taken the header off.',
    ),
    ...signatureFindings(request, keys),
    bodyFinding(body),
  ];
}

function headerFinding(headers: HttpRequest['headers'], name: string, cause: string, hint: string): Finding {
  const values = valuesOf(headers, name);
  const isKey = name === KEY_HEADER;
  return {
    check: isKey ? 'key id' : 'signature header',
    ok: values.length === 1,
    expected: name,
    actual:
      values.length > 1 ? `${values.length} of them` : values.length === 0 ? 'none' : isKey ? shown(values[0]) : 'one',
    cause: values.length > 1 ? `The header ${name} is there several times.` : `${cause}: there is no ${name}.`,
    hint,
    rank: isKey ? RANKS.claim : RANKS.form,
  };
}

function signatureFindings({ headers, body }: HttpRequest, found: FoundKeys): Finding[] {
  const expected = 'RSASSA-PSS with SHA-256 over the raw body';
  const [signature] = valuesOf(headers, SIGNATURE_HEADER);
  const [keyId] = valuesOf(headers, KEY_HEADER);
  const open = (actual: string, hint?: string): Finding[] => [{ check: 'signature', ok: null, expected, actual, hint }];
  if (signature === undefined) return [];
  if ('problem' in found) return open(`not checked: ${found.problem}`, found.hint);
  if (body === undefined)
    return open('not checked: the body is not known', 'Give it within the message, byte for byte.');
  const { keys } = readKeySet({ keys: found.keys }, found.from, '--jwks');
  return [describe(findSignature({ body, signature, keyId }, keys), expected, found.from)];
}

function describe(finding: SignatureFinding, expected: string, from: string): Finding {
  if (finding.valid) {
    const notes = finding.notes.length === 0 ? '' : ` (${finding.notes.join(' ')})`;
    return { check: 'signature', ok: true, expected, actual: `by the key ${shown(finding.keyId)}${shownText(notes)}` };
  }
  const { problem, message, hint } = finding;
  const words = shownSentence(message);
  return {
    check: 'signature',
    ok: false,
    expected,
    actual: PROBLEMS[problem],
    cause:
      problem === 'key_unknown'
        ? `The call is of another application than that of ${shownText(from)}, or its key is new. ${words}`
        : words,
    hint,
    rank: problem.startsWith('key_') ? RANKS.origin : RANKS.signature,
  };
}

const PROBLEMS: Record<Extract<SignatureFinding, { valid: false }>['problem'], string> = {
  signature_missing: 'none',
  signature_malformed: 'damaged',
  key_unknown: 'by a key that is not published',
  key_unfit: 'by a key that cannot be used',
  other_key: 'by another key than it names',
  other_algorithm: 'of another algorithm',
  other_bytes: 'over other bytes than these',
  no_match: 'neither of these bytes nor of a usual rewriting of them',
};

/** A sentence that may quote a key id of somebody else's. */
function shownSentence(text: string): string {
  return text.slice(0, 300).replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

/** Prelude: hook request, its fields that are always there. */
const FIELDS = ['scope_requested', 'user_id', 'identifiers', 'signals'];

function bodyFinding(body: Buffer | undefined): Finding {
  const finding = { check: 'body', expected: `JSON with ${FIELDS.join(', ')}`, rank: RANKS.claim };
  if (body === undefined) return { ...finding, ok: null, actual: 'not known' };
  if (body.length === 0) {
    const hint = 'Read the raw body before anything else has consumed it.';
    return { ...finding, ok: false, actual: 'empty', cause: 'The body is empty.', hint, rank: RANKS.form };
  }
  if (body.length > MAX_BODY)
    return { ...finding, ok: false, actual: `${body.length} bytes`, cause: 'No hook is called with so much.' };
  const fields = fieldsIn(body);
  if (!fields) return { ...finding, ok: false, actual: 'no JSON object', cause: 'The body is no JSON object.' };
  const missing = FIELDS.filter((name) => fields[name] === undefined);
  return {
    ...finding,
    ok: missing.length === 0,
    actual: missing.length === 0 ? `for ${shown(fields['scope_requested'])}` : `without ${shownList(missing)}`,
    cause: `The body lacks ${missing.join(', ')}: it is not what Prelude sends.`,
  };
}

function fieldsIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // the caller says so
  }
}
