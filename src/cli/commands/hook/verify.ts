import type { Command } from 'commander';
import { readKeySet, type CheckingKeys } from '../../../backend/hook-key-set.js';
import { findSignature, type SignatureFinding } from '../../../backend/hook-signature.js';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { readBytes } from '../../input-bytes.js';
import { readInput } from '../../secrets.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  body?: string | undefined;
  signature?: string | undefined;
  signatureFile?: string | undefined;
  headers?: string | undefined;
  kid?: string | undefined;
  jwks?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--body <file>', 'the raw body as it arrived, - for standard input')
    .option('--signature <value>', 'the header X-Webhook-Signature')
    .option('--signature-file <file>', 'file with its value, - for standard input')
    .option('--headers <file>', 'file with the headers, one a line: signature and key id are taken from it')
    .option('--kid <kid>', 'the header X-Webhook-Signature-Key-Id (default: every key is tried)')
    .option('--jwks <url-or-file>', 'the key set (default: that of the application that is used)')
    .addHelpText(
      'after',
      `
Checks a recorded call of a hook, and says what is wrong when the signature does not fit: another key, another algorithm, or other
bytes (a body that was parsed and written again, a line end too many). Status 3 when it does not fit.

Examples:
  $ stepup hook verify --body body.json --signature VALUE --kid KID --jwks https://APP.session.prelude.dev/.well-known/jwks.json
  $ stepup hook verify --body body.json --headers headers.txt --emulator
  $ cat body.json | stepup hook verify --body - --signature-file signature.txt --kid KID --jwks jwks.json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** The signature does not fit. */
const REFUSED = 3;

/**
 * Checks a recorded signature; the status is 3 when it does not fit. `--json`: `{"valid":true,"keyId"|null,"saltLength","notes","warnings"}` or
 * `{"valid":false,"keyId"|null,"problem","message","hint"?,"warnings"}`, where `problem` is signature_missing, signature_malformed, key_unknown,
 * key_unfit, other_key, other_algorithm, other_bytes or no_match. Throws UsageError (FLAG_CONFLICT, FLAG_INVALID, FILE_UNREADABLE,
 * DOCUMENT_INVALID, and what finding the application throws), UnreachableError, RefusedError.
 */
export async function run(context: Context, options: Options): Promise<number> {
  const { terminal } = context;
  const [body, recorded] = await inputsOf(context, options);
  const { keys, warnings } = await keysOf(context, options.jwks);
  const finding = findSignature({ body, ...recorded }, keys);
  terminal.result({ ...finding, keyId: finding.keyId ?? null, warnings }, () => inWords(finding, context));
  for (const warning of warnings) terminal.warn(printable(warning));
  return finding.valid ? 0 : REFUSED;
}

function inWords(finding: SignatureFinding, { terminal: { out } }: Context): string {
  if (finding.valid) {
    const { keyId, saltLength, notes } = finding;
    return [
      `${out.good('The signature fits')} the body: key ${printable(keyId ?? 'without a kid')}, salt of ${saltLength} bytes.`,
      ...notes.map((note) => `  note  ${note}`),
    ].join('\n');
  }
  const { problem, message, hint } = finding;
  const lines = [`${out.bad('The signature does not fit')} (${problem}). ${printable(message)}`];
  return hint === undefined ? lines[0]! : [...lines, `  ${printable(hint)}`].join('\n');
}

type Recorded = { signature: string; keyId?: string | undefined };

async function inputsOf(context: Context, options: Options): Promise<[Uint8Array, Recorded]> {
  const { body, signature, signatureFile, headers, kid } = options;
  if (body === undefined) throw missing('--body', 'the raw body as it arrived');
  const given = [signature, signatureFile, headers].filter((value) => value !== undefined);
  if (given.length === 0)
    throw missing('--signature', 'the header X-Webhook-Signature (or --signature-file, --headers)');
  if (given.length > 1) throw conflict('--signature, --signature-file and --headers say the same thing: give one.');
  if ([body, signatureFile, headers].filter((value) => value === '-').length > 1) {
    throw conflict('Standard input can be read once only: give one of the files by its name.');
  }
  const recorded: Recorded =
    headers === undefined
      ? { signature: signature ?? (await readInput(context.system, signatureFile ?? '', '--signature-file')) }
      : recordedIn(await readInput(context.system, headers, '--headers'));
  return [await readBytes(context.system, body, '--body'), kid === undefined ? recorded : { ...recorded, keyId: kid }];
}

/** `Name: value` a line, as `curl -v`, a log, or JSON of a request have them. Names are told apart without regard to case. */
function recordedIn(text: string): Recorded {
  const found = (name: string): string | undefined => {
    const line = new RegExp(`(?:^|[\\s<>"'{,])${name}["']?\\s*[:=]\\s*["']?([^"'\\r\\n,]*)`, 'im').exec(text);
    return line?.[1]?.trim();
  };
  const signature = found('x-webhook-signature');
  if (signature === undefined) {
    throw new UsageError('FLAG_INVALID', '--headers: there is no X-Webhook-Signature in it.', {
      field: '--headers',
      hint: 'The call was not signed, or a proxy has taken the header off.',
    });
  }
  const keyId = found('x-webhook-signature-key-id');
  return keyId === undefined ? { signature } : { signature, keyId };
}

async function keysOf(context: Context, given: string | undefined): Promise<CheckingKeys> {
  const where = given ?? `${(await context.preludeTarget()).frontendUrl.replace(/\/+$/, '')}/.well-known/jwks.json`;
  if (!/^https?:\/\//i.test(where)) {
    return readKeySet(jsonOf(await readInput(context.system, where, '--jwks')), where, '--jwks');
  }
  if (!URL.canParse(where)) throw new UsageError('URL_INVALID', '--jwks is no address.', { field: '--jwks' });
  const { status, json } = await (await context.http()).send({ method: 'GET', url: where });
  if (status < 400) return readKeySet(json, where, '--jwks');
  throw new UsageError('DOCUMENT_INVALID', `--jwks: ${where} answered with status ${status} instead of a key set.`, {
    field: '--jwks',
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // said by whoever reads the set
  }
}

function missing(field: string, what: string): UsageError {
  return new UsageError('FLAG_INVALID', `${field} is missing: ${what}.`, { field });
}

function conflict(message: string): UsageError {
  return new UsageError('FLAG_CONFLICT', message, { field: '--signature' });
}
