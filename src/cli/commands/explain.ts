import { Option, type Command } from 'commander';
import { UsageError } from '../../errors.js';
import { KINDS, type Check, type Explanation, type Kind } from '../../explain/check.js';
import { explain, readSubject } from '../../explain/explain.js';
import { looksLikeToken } from '../../explain/jws.js';
import { ELEVATED_HEADER } from '../../resource/authorization.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import { explainWorld } from '../explain-world.js';
import { readBytes } from '../input-bytes.js';
import { printable } from '../terminal/printable.js';
import { aligned, tabbed, type Column } from '../terminal/table.js';
import type { Handle } from '../tree.js';

export interface Options {
  as?: Kind | undefined;
  url?: string | undefined;
  method?: string | undefined;
  at?: string | undefined;
  scope?: string[] | undefined;
  /** Address, file, or `-`. */
  jwks?: string | undefined;
  issuer?: string | undefined;
  elevatedHeader?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<file>', 'file with what was refused, - for standard input')
    .addOption(new Option('--as <kind>', 'what it is (default: it is found out)').choices(KINDS))
    .option('--url <url>', 'the address that the server believes it is called by')
    .option('--method <method>', 'the method that the server believes it is called with')
    .option('--at <time>', 'when it was sent: ISO 8601, or seconds since 1970 (default: now)')
    .option('--scope <scope>', 'a scope that the server demands; may be repeated', collect)
    .option(
      '--jwks <url-or-file>',
      'the key set that must have signed it (default: that of the application that is used)',
    )
    .option('--issuer <issuer>', 'the issuer that it must have (default: that of the application that is used)')
    .option('--elevated-header <name>', 'Dynamic: the header of the elevated token', ELEVATED_HEADER)
    .addHelpText(
      'after',
      `
Takes a token, a DPoP proof, a verification token of a custom step, a call of a hook, or a whole request: a pasted curl command (of sh,
cmd or PowerShell), the output of curl -v, or a raw HTTP message. Says the likely cause first, then every check with what was expected
and what was found. Nothing is sent but a request for the public keys. Status 3 when a check fails.

A verification token is checked against the keys of your backend: name them with --jwks.

Examples:
  $ stepup explain request.txt --scope transfer:write
  $ pbpaste | stepup explain - --url https://api.example.com/transfers --at 2026-03-01T12:00:00Z
  $ stepup explain verification.jwt --jwks https://api.example.com/.well-known/jwks.json
`,
    )
    .action(handle((context, file: string, options: Options) => run(context, file, options)));
}

/** A check fails. */
const FAULTY = 3;

/**
 * Explains what was refused; the status is 3 when a check fails. `--json`: `{"kind","cause","todo"?,"checks":[{"check","ok":true|false|null,
 * "expected","actual","hint"?}]}`, where null is what could not be checked here. Throws UsageError DOCUMENT_INVALID for what is nothing of
 * the kind, FILE_UNREADABLE, FLAG_INVALID, FLAG_CONFLICT, URL_INVALID, and what naming the application throws; InputNeededError.
 */
export async function run(context: Context, file: string, options: Options): Promise<number> {
  refuseSecret(file);
  if (file === '-' && options.jwks === '-') {
    throw new UsageError('FLAG_CONFLICT', 'Standard input can be read once only.', { field: '--jwks' });
  }
  const { terminal } = context;
  const { as, scope = [], elevatedHeader = ELEVATED_HEADER, jwks, issuer } = options;
  const said = { at: instantOf(options.at), url: urlOf(options.url), method: methodOf(options.method), scopes: scope };
  const subject = readSubject(await readBytes(context.system, file, 'file'), as, elevatedHeader);
  if ('problem' in subject) {
    throw new UsageError('DOCUMENT_INVALID', subject.problem, { field: 'file', hint: subject.hint });
  }
  const given = { ...said, jwks, issuer, isOfBackend: subject.kind === 'verification-token' };
  const explanation = await terminal.progress('Looking at it', async () =>
    explain(subject, await explainWorld(context, given), { elevatedHeader }),
  );
  const text = await inWords(explanation, terminal);
  terminal.result(explanation, () => text);
  return explanation.checks.some(({ ok }) => ok === false) ? FAULTY : 0;
}

async function inWords({ cause, todo, checks }: Explanation, { out, tty }: Context['terminal']): Promise<string> {
  const failed = checks.some(({ ok }) => ok === false);
  const mark = ({ ok }: Check): string => (ok === null ? out.mark('?') : ok ? out.good('ok') : out.bad('FAULT'));
  const columns: Column<Check>[] = [
    { title: '', value: mark },
    { title: 'CHECK', value: ({ check }) => printable(check) },
    { title: 'EXPECTED', value: ({ expected }) => printable(expected) },
    { title: 'ACTUAL', value: ({ actual }) => printable(actual) },
    // Whole sentences would make the rows longer than a terminal is wide: there they stand below.
    ...(tty ? [] : [{ title: 'HINT', value: ({ hint }: Check) => printable(hint ?? '') }]),
  ];
  const first = printable(cause);
  return [
    failed ? out.bad(first) : out.good(first),
    ...(todo === undefined ? [] : [`What to do: ${printable(todo)}`]),
    '',
    tty ? await aligned(columns, checks, out.bold) : tabbed(columns, checks),
    ...(tty ? hintsOf(checks, todo) : []),
  ].join('\n');
}

/** What else is to be done, each once. */
function hintsOf(checks: readonly Check[], said: string | undefined): string[] {
  const open = checks.filter(({ ok, hint }) => ok !== true && hint !== undefined && hint !== said);
  const lines = new Map(open.toReversed().map(({ check, hint = '' }) => [hint, check]));
  return lines.size === 0
    ? []
    : ['', ...[...lines].toReversed().map(([hint, check]) => printable(`- ${check}: ${hint}`))];
}

/** What is in the argument list, others on this machine can read: also not in our error. */
function refuseSecret(file: string): void {
  if (!looksLikeToken(file) && !/^\s*curl\s/i.test(file)) return;
  throw new UsageError('FLAG_INVALID', 'What stands in an argument list can be read by others on this machine.', {
    field: 'file',
    hint: 'Pipe it in: stepup explain - < FILE',
  });
}

function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{9,11}(\.\d+)?$/.test(text) ? Number(text) * 1000 : undefined;
  const milliseconds = seconds ?? (/^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text));
  if (!Number.isNaN(milliseconds)) return milliseconds;
  throw new UsageError('FLAG_INVALID', `--at takes an instant, not "${text}".`, {
    field: '--at',
    hint: 'For example: --at 2026-03-01T12:00:00Z',
  });
}

function urlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  throw new UsageError('URL_INVALID', '--url is no http or https address.', {
    field: '--url',
    hint: 'For example: --url https://api.example.com/transfers',
  });
}

function methodOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z][A-Za-z-]{0,30}$/.test(text)) return text?.toUpperCase();
  throw new UsageError('FLAG_INVALID', `--method takes a method, not "${text}".`, { field: '--method' });
}
