/** What the service has beyond what a stepup.json can say is carried over, since a write replaces the whole. */
import { KNOWN } from '../commands/config/document.js';
import { named } from './names.js';

/** Fields of the other sections, as `KNOWN` has those of the step-up configuration. */
const KNOWN_OTP: ReadonlySet<string> = new Set(
  'id config_type channel_type is_default template_id sender_id granted_scopes code_size created_at updated_at'.split(
    ' ',
  ),
);
const KNOWN_PASSWORD: ReadonlySet<string> = new Set([
  ...'hash_method enabled created_at updated_at id config_type'.split(' '),
  ...['rate_limit_login_ip', 'rate_limit_login_identifier'].flatMap((limit) => [
    limit,
    `${limit}.ttl`,
    `${limit}.limit`,
  ]),
  'password_compliancy',
  ...'min_length max_length uppercase lowercase numbers symbols'
    .split(' ')
    .map((rule) => `password_compliancy.${rule}`),
]);

const FIELDS = { stepup: KNOWN, login_otp: KNOWN_OTP, login_password: KNOWN_PASSWORD };

/** `next` with every field of `stored` that a file does not know, in the same place. Entries of lists meet by name. */
export function carry<T extends object>(section: keyof typeof FIELDS, stored: object | null | undefined, next: T): T {
  return stored ? (carried(stored, next, '', FIELDS[section]) as T) : next;
}

/** The fields of `stored` that a file does not know, as `allowed_scopes.transfer:write.mood`. */
export function unknownIn(section: keyof typeof FIELDS, stored: object): string[] {
  return strangers(stored, '', '', FIELDS[section]);
}

function carried(stored: unknown, next: unknown, place: string, known: ReadonlySet<string>): unknown {
  if (Array.isArray(stored) && Array.isArray(next)) {
    const before = new Map(named<unknown>(stored));
    return named<unknown>(next).map(([name, entry]) => carried(before.get(name), entry, `${place}.*`, known));
  }
  if (!isObject(stored) || !isObject(next)) return next;
  const result = { ...next };
  for (const [name, value] of Object.entries(stored)) {
    const at = place === '' ? name : `${place}.${name}`;
    if (!known.has(at)) result[name] = value;
    else if (name in next) result[name] = carried(value, next[name], at, known);
  }
  return result;
}

function strangers(value: unknown, place: string, path: string, known: ReadonlySet<string>): string[] {
  const under = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`);
  if (Array.isArray(value)) {
    return named<unknown>(value).flatMap(([name, entry]) => strangers(entry, `${place}.*`, under(path, name), known));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    known.has(under(place, name))
      ? strangers(inner, under(place, name), under(path, name), known)
      : [under(path, name)],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
