/** The flags that describe a sample call, and its address. */
import { isIP } from 'node:net';
import { Option, type Command } from 'commander';
import { PLATFORMS, type HookCall } from '../../../backend/hook-call.js';
import { UsageError } from '../../../errors.js';
import { parseEmail, parsePhone } from '../../../providers/identifiers.js';
import { parseMetadata } from '../../../providers/metadata.js';
import { parseScope } from '../../../providers/prelude/input.js';

export interface SampleFlags {
  metadata?: string[] | undefined;
  identifier?: string[] | undefined;
  user: string;
  userAgent: string;
  platform: HookCall['signals']['platform'];
  ip: string;
}

export const SAMPLE_SCOPE = 'transfer:write';
/** Numbers and addresses that belong to nobody (NANPA 555-01XX, RFC 2606, RFC 5737). */
const SAMPLE_IDENTIFIERS = ['+12025550123', 'user@example.com'];
const SAMPLE_USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

/** Adds what a sample call says beside its scope. */
export function addSampleFlags(command: Command): Command {
  return command
    .option('--metadata <key=value...>', 'metadata of the request (none)')
    .option(
      '--identifier <value...>',
      `the user's phone numbers and addresses, or none (${SAMPLE_IDENTIFIERS.join(' ')})`,
    )
    .option('--user <id>', 'the user', 'usr_sample')
    .option('--user-agent <text>', 'signal: the browser', SAMPLE_USER_AGENT)
    .addOption(new Option('--platform <platform>', 'signal: the platform').choices(PLATFORMS).default('WEB'))
    .option('--ip <address>', "signal: the user's address", '203.0.113.42');
}

/** The call that the flags describe. Throws UsageError: SCOPE_INVALID, METADATA_INVALID, PHONE_INVALID, EMAIL_INVALID, FLAG_INVALID. */
export function sampleCall(scope: string, flags: SampleFlags): HookCall {
  const { user: userId, userAgent, platform, ip } = flags;
  if (!/^[^\p{C}]{1,256}$/u.test(userId)) throw wrong('--user', 'a user id of 1 to 256 characters');
  if (isIP(ip) === 0) throw wrong('--ip', 'an IP address');
  const metadata = flags.metadata && parseMetadata(pairsOf(flags.metadata), scope);
  return {
    scope: parseScope(scope, '--scope'),
    userId,
    identifiers: identifiersOf(flags.identifier ?? SAMPLE_IDENTIFIERS),
    signals: { userAgent, platform, ip },
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** `phone +33…` and `email a@b` as well as the bare value; `none` for a user without any. */
function identifiersOf(words: string[]): HookCall['identifiers'] {
  if (words.length === 1 && words[0] === 'none') return [];
  return words.flatMap((word, at): HookCall['identifiers'] => {
    const next = words[at + 1];
    if ((word === 'phone' || word === 'email') && next !== undefined) return [];
    const type = words[at - 1];
    const asPhone = type === 'phone' || (type !== 'email' && /^[+\d]/.test(word) && !word.includes('@'));
    return asPhone
      ? [{ type: 'phone_number', value: parsePhone(word, '--identifier') }]
      : [{ type: 'email_address', value: parseEmail(word, '--identifier') }];
  });
}

function pairsOf(pairs: string[]): Record<string, string> {
  const metadata = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0));
    const hint = 'For example: --metadata amount=500 currency=EUR';
    if (key === '' || metadata.has(key)) {
      const what = key === '' ? `takes key=value, not "${pair}"` : `has the key "${key}" twice`;
      throw new UsageError('METADATA_INVALID', `--metadata ${what}.`, { field: '--metadata', hint });
    }
    metadata.set(key, pair.slice(at + 1));
  }
  return Object.fromEntries(metadata);
}

/** The address of a hook: any http or https. Throws UsageError URL_INVALID; a password in it is never shown. */
export function parseHookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.hash) return text;
  throw new UsageError('URL_INVALID', 'This is no address of a hook: it is http or https, without user and password.', {
    field: 'url',
    hint: 'For example: http://localhost:3000/hooks/stepup',
  });
}

function wrong(field: string, what: string): UsageError {
  return new UsageError('FLAG_INVALID', `${field} takes ${what}.`, { field });
}
