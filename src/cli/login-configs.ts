/** Login configurations as commands take and show them. */
import { Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import type { OtpLogin, OtpLoginBody } from '../providers/prelude/management-login.js';
import { parseScope } from '../providers/prelude/input.js';
import { collect } from './collect.js';

export const CHANNELS = ['sms', 'email'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A configuration under the names of `--json`. */
export interface LoginConfigFacts {
  id: string;
  channel: Channel;
  default: boolean;
  template: string | null;
  sender: string | null;
  grantedScopes: string[];
  /** Digits of a code; null for the service's own choice. */
  codeSize: number | null;
}

/** The facts of one. */
export function loginConfigFacts(login: OtpLogin): LoginConfigFacts {
  return {
    id: login.id,
    channel: login.channel_type,
    default: login.is_default,
    template: login.template_id || null,
    sender: login.sender_id || null,
    grantedScopes: login.granted_scopes ?? [],
    codeSize: login.code_size ?? null,
  };
}

/** One in a line: `lcfg_1: sms, default, codes of 6`. */
export function loginConfigInWords(facts: LoginConfigFacts): string {
  const { id, channel, template, sender, grantedScopes, codeSize } = facts;
  const parts = [
    channel,
    ...(facts.default ? ['default'] : []),
    ...(template === null ? [] : [`template ${template}`]),
    ...(sender === null ? [] : [`sender ${sender}`]),
    ...(grantedScopes.length === 0 ? [] : [`grants ${grantedScopes.join(' ')}`]),
    ...(codeSize === null ? [] : [`codes of ${codeSize}`]),
  ];
  return `${id}: ${parts.join(', ')}`;
}

/** The flags of `add` and `update`; false where `update` takes a value away. */
export interface OtpFlags {
  default?: boolean | undefined;
  template?: string | false | undefined;
  sender?: string | false | undefined;
  grantedScope?: string[] | false | undefined;
  codeSize?: string | undefined;
}

/** Adds the flags that say how a configuration is to be. */
export function addOtpFlags(command: Command): Command {
  return command
    .option('--default', 'the one of its channel that a login takes which names none')
    .option('--template <id>', 'template of the message')
    .option('--sender <id>', 'sender of the message')
    .option('--granted-scope <scope>', 'a scope that a login through it grants; may be repeated', collect)
    .option('--code-size <digits>', 'digits of a code, 4 to 8');
}

/** Adds `--channel`. */
export function addChannelFlag(command: Command): Command {
  return command.addOption(new Option('--channel <channel>', 'how codes are sent').choices(CHANNELS));
}

/** What the flags change of a configuration. Throws UsageError SCOPE_INVALID, FLAG_INVALID. */
export function withOtpFlags<Login extends OtpLoginBody>(login: Login, flags: OtpFlags): Login {
  const { template, sender, grantedScope, codeSize } = flags;
  const next: OtpLoginBody = { ...login };
  if (flags.default !== undefined) next.is_default = flags.default;
  if (template !== undefined) set(next, 'template_id', template === false ? false : textOf(template, '--template'));
  if (sender !== undefined) set(next, 'sender_id', sender === false ? false : textOf(sender, '--sender'));
  if (grantedScope !== undefined) {
    const scopes = grantedScope && [...new Set(grantedScope)].map((scope) => parseScope(scope, '--granted-scope'));
    set(next, 'granted_scopes', scopes);
  }
  if (codeSize !== undefined) next.code_size = digits(codeSize);
  return next as Login;
}

function set(login: OtpLoginBody, field: string, value: unknown): void {
  if (value === false) delete login[field];
  else login[field] = value;
}

function textOf(text: string, flag: string): string {
  if (text.trim() !== '') return text;
  throw new UsageError('FLAG_INVALID', `${flag} is empty.`, { field: flag });
}

function digits(text: string): number {
  if (/^[4-8]$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `--code-size takes 4 to 8 digits, not "${text}".`, { field: '--code-size' });
}
