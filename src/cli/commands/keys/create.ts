import { Option, type Command } from 'commander';
import { refuseExisting, writeKeyFile } from '../../../backend/key-file.js';
import { createKeyStore } from '../../../backend/key-store.js';
import { createSigningKey, pemOf, privateJwkOf, type SigningKey } from '../../../backend/keys.js';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { parseKid } from '../../signing-keys.js';
import type { Handle } from '../../tree.js';

export interface Options {
  kid?: string | undefined;
  name?: string | undefined;
  out?: string | undefined;
  format?: 'pem' | 'jwk' | undefined;
  bits: string;
  force?: boolean | undefined;
}

/** The name of a key that is given none. */
const USUAL_NAME = 'main';

export function define(command: Command, handle: Handle): void {
  command
    .option('--kid <kid>', 'its key id (default: its RFC 7638 thumbprint)')
    .option('--name <name>', `name of the key in the store (${USUAL_NAME})`)
    .option('--out <file>', 'write the private key to this file instead, readable by you only')
    .addOption(
      new Option('--format <format>', 'of the file; only a JSON Web Key keeps a kid of your own').choices([
        'pem',
        'jwk',
      ]),
    )
    .addOption(new Option('--bits <bits>', 'size of the RSA key').choices(['2048', '3072', '4096']).default('2048'))
    .option('--force', 'replace the key or file that is there')
    .addHelpText(
      'after',
      `
With it your backend signs the verification tokens of custom steps (RS256). The private key is never printed. A file is PEM
(PKCS #8), or a JSON Web Key where its name ends in .json or .jwk, or a --kid is given. Nothing goes over the network.

Examples:
  $ stepup keys create
  $ stepup keys create --name next --kid 2025-10
  $ stepup keys create --out key.pem --bits 4096
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Makes a signing key. `--json`: `{"key":{"kid","alg","bits","name"|"file"}}`. Throws UsageError (FLAG_INVALID, FLAG_CONFLICT,
 * KEY_EXISTS), FailedError FILE_UNWRITABLE and those of the store.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const kid = parseKid(options.kid);
  const made =
    options.out === undefined
      ? await keep(context, options, kid)
      : await writeOut(context, { ...options, out: options.out }, kid);
  const key = { kid: made.key.kid, alg: 'RS256', bits: Number(options.bits), ...made.place };
  terminal.result(
    { key },
    () => `The signing key ${terminal.out.bold(key.kid)} is in ${made.where}.`,
    () => key.kid,
  );
  if (options.force && kid !== undefined) {
    terminal.note(
      'A key set is kept for 10 minutes by the service: a key that replaces another is best given a new kid.',
    );
  }
  terminal.note(`Serve its public half with: stepup keys serve${made.flag}`);
}

/** A key, where it is kept, how that reads, and how other commands are told. */
interface Made {
  key: SigningKey;
  place: { name: string } | { file: string };
  where: string;
  flag: string;
}

async function keep({ store, system, terminal }: Context, options: Options, kid: string | undefined): Promise<Made> {
  const { name = USUAL_NAME, format, force = false } = options;
  if (format !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--format is the form of a file: give it with --out.', { field: '--format' });
  }
  refuseOddName(name);
  const keys = createKeyStore(store);
  if (!force) await keys.refuseExisting(name, kid);
  const key = await terminal.progress('Making the key', () => createSigningKey(Number(options.bits), kid));
  await keys.add(name, key, { createdAt: new Date(system.now()).toISOString(), force });
  return { key, place: { name }, where: `the store as ${name}`, flag: '' };
}

async function writeOut(
  { terminal }: Context,
  { out, name, format, bits, force = false }: Options & { out: string },
  kid: string | undefined,
): Promise<Made> {
  if (name !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--name is for the store and --out for a file: give one of them.', {
      field: '--name',
    });
  }
  if (out === '-') {
    throw new UsageError('FLAG_INVALID', '--out takes a file: a private key is not printed.', { field: '--out' });
  }
  const form = format ?? (kid !== undefined || /\.(json|jwk)$/i.test(out) ? 'jwk' : 'pem');
  if (form === 'pem' && kid !== undefined) {
    throw new UsageError('FLAG_CONFLICT', 'A PEM file cannot hold a kid.', {
      field: '--kid',
      hint: 'Leave --kid out, so that the kid is the thumbprint, or write a JSON Web Key with --format jwk.',
    });
  }
  if (!force) await refuseExisting(out, '--out');
  const key = await terminal.progress('Making the key', () => createSigningKey(Number(bits), kid));
  const text = form === 'pem' ? pemOf(key) : `${JSON.stringify(privateJwkOf(key), null, 2)}\n`;
  await writeKeyFile(out, text, force, '--out');
  return { key, place: { file: out }, where: out, flag: ` --key ${out}` };
}

function refuseOddName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/.test(name) && !['prototype', 'constructor'].includes(name)) return;
  throw new UsageError(
    'FLAG_INVALID',
    '--name: a name has letters, digits, _ and - only, at most 64, and begins with a letter or digit.',
    { field: '--name', hint: 'For example: --name main' },
  );
}
