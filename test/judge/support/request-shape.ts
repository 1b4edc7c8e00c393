/** What of a request can be compared between two clients: all but the values. */
import type { Recorded } from './recorder.js';

export interface Shape {
  /** `POST /v1/session/refresh`. */
  call: string;
  /** Facts of the request, e.g. `header authorization: Bearer`, `body identifier.type: string`, `proof claim jti`. */
  facts: string[];
}

/** Said by the browser or by Node's fetch of itself; no client of theirs can leave these out, and no API may rely on them. */
const PLATFORM =
  /^(host|connection|content-length|transfer-encoding|accept-encoding|accept-language|user-agent|origin|referer|priority|sec-.*)$/;

export function shapeOf({ method, path, url, headers, body }: Recorded): Shape {
  const facts = Object.entries(headers).flatMap(([name, value]) => {
    if (PLATFORM.test(name)) return [];
    if (name === 'authorization') return [`header authorization: ${value.split(' ')[0] ?? ''}`];
    if (name === 'accept' || name === 'content-type') return [`header ${name}: ${value}`];
    if (name === 'dpop') return ['header dpop', ...proofFacts(value, url, body)];
    return [`header ${name}`];
  });
  return { call: `${method} ${path}`, facts: [...facts, ...bodyFacts(body)].toSorted() };
}

/** Header and claims by name; where a value has a meaning (RFC 9449 §4.2), the meaning. */
function proofFacts(proof: string, url: string, body: string): string[] {
  const [header, claims] = decode(proof);
  return [
    ...fields('proof header', { ...header, typ: undefined, alg: undefined }),
    `proof header typ: ${String(header.typ)}`,
    `proof header alg: ${String(header.alg)}`,
    ...fields('proof claim', { ...claims, htm: undefined, htu: undefined, jti: undefined }),
    `proof claim htm: ${String(claims.htm)}`,
    `proof claim htu: ${claims.htu === url ? 'the URL as called' : String(claims.htu)}`,
    `proof claim jti: ${kindOfJti(claims.jti, body)}`,
  ];
}

function kindOfJti(jti: unknown, body: string): string {
  const { challenge_token: token } = body === '' ? {} : JSON.parse(body);
  if (token !== undefined && decode(token)[1].jti === jti) return 'that of the challenge token';
  return typeof jti === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(jti) ? 'a UUID' : typeof jti;
}

/** Header and payload of a JWS. */
export function decode(jws: string): [Record<string, unknown>, Record<string, unknown>] {
  const [header = '', payload = ''] = jws.split('.');
  const parse = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return [parse(header), parse(payload)];
}

function bodyFacts(body: string): string[] {
  return body === '' ? ['body empty'] : fields('body', JSON.parse(body));
}

/** `{a: {b: 1}}` → `PREFIX a.b: number`. `formOf` says what is told of a value; without it, its type. */
export function fields(
  prefix: string,
  value: unknown,
  formOf: (value: unknown, path: string) => string = typeOf,
  path = '',
): string[] {
  if (typeof value !== 'object' || value === null) return [`${prefix} ${path}: ${formOf(value, path)}`];
  const entries = Object.entries(value);
  if (entries.length === 0) return [`${prefix} ${path}: ${JSON.stringify(value)}`];
  return entries.flatMap(([key, inner]) => fields(prefix, inner, formOf, path === '' ? key : `${path}.${key}`));
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

/** How two lists of requests for one step of the walk differ, one line a difference. */
export function differences(step: string, theirs: Shape[], ours: Shape[]): string[] {
  const calls = [...new Set([...theirs, ...ours].map(({ call }) => call))];
  const order = (list: Shape[]): string => list.map(({ call }) => call).join(', ');
  const reordered = order(theirs) !== order(ours) && order(theirs.toSorted(byCall)) === order(ours.toSorted(byCall));
  if (reordered) return [`${step}: the calls come in another order`];
  return calls.flatMap((call) => {
    const [sdk, us] = [theirs, ours].map((list) => list.filter((shape) => shape.call === call));
    const prefix = `${step}: ${call}`;
    if (us!.length === 0) return [`${prefix} is sent by the SDK only`];
    if (sdk!.length === 0) return [`${prefix} is sent by us only`];
    if (sdk!.length !== us!.length) return [`${prefix} is sent ${sdk!.length} times by the SDK, ${us!.length} by us`];
    return sdk!.flatMap((shape, index) =>
      compare(`${prefix}${sdk!.length > 1 ? ` (${index + 1})` : ''}`, shape, us![index]!),
    );
  });
}

function byCall(a: Shape, b: Shape): number {
  return a.call.localeCompare(b.call);
}

function compare(prefix: string, sdk: Shape, us: Shape): string[] {
  return [
    ...sdk.facts.filter((fact) => !us.facts.includes(fact)).map((fact) => `${prefix}: ${fact}, the SDK only`),
    ...us.facts.filter((fact) => !sdk.facts.includes(fact)).map((fact) => `${prefix}: ${fact}, we only`),
  ];
}
