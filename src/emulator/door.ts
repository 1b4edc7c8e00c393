/** What every request passes before a route sees it, one named step each. */
import { once } from 'node:events';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { deadline } from './deadline.js';
import type { MovableClock } from './clock.js';
import type { EventLog } from './events.js';
import { actionShown, type Fault, type Faults } from './faults.js';
import { identitiesOf } from './identities.js';
import { failureBody, readableByPages } from './failures.js';
import { readBytes } from './json-body.js';
import { EMULATOR_HEADER } from './mark.js';
import type { Clock, Services, Tenant, Variables } from './services.js';
import { StoreAwayError } from './state/away.js';
import type { Tenants } from './tenants.js';

/** A request inside the emulator, and what was done to it on the way. */
export interface DoorEnv {
  Bindings: HttpBindings;
  Variables: Variables & {
    /** Id of the fault that happened to it. */
    faultId?: string;
    dropped?: 'before' | 'after';
    /** Seconds by which its answer's `Date` is off. */
    skewDateSeconds?: number;
    /** Bytes of its answer's body that are sent. */
    truncate?: number;
  };
}

type Step = MiddlewareHandler<DoorEnv>;

/** What faults need of the emulator. */
export interface FaultParts {
  faults: Faults;
  events: EventLog;
  services: Services;
  stopping: AbortSignal;
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
/** Bytes that a request to an emulated service may have. */
const MAX_BODY = 100 * 1024;
const MAX_LOGGED_PATH = 200;
/** Characters of path and query that a request may have. */
const MAX_URL = 8192;

/**
 * Answers 421 to a `Host` that is neither a loopback name nor one of `own`, whatever its port: a web page must not get here by DNS
 * rebinding. The answer says that an emulator stands here, so that our own client sends no live key.
 */
export function knownHostsOnly(own: readonly string[]): Step {
  const names = new Set([...LOOPBACK_HOSTS, ...own]);
  const isKnown = (host: string): boolean => names.has(host.replace(/:\d{1,5}$/, '').toLowerCase());
  return async (c, next) => {
    // A request line may name a host as well, which goes before the header (RFC 9112 §3.2.2).
    const named = c.env.incoming.url?.startsWith('/') ? undefined : new URL(c.req.url).host;
    if (isKnown(c.req.header('host') ?? '') && (named === undefined || isKnown(named))) return next();
    const message = 'Use a loopback host name, or that of --public-url.';
    c.header(EMULATOR_HEADER, 'yes');
    return c.json({ code: 'misdirected_request', type: 'misdirected_request', error: message, message }, 421);
  };
}

/** A proxy has ended TLS for what comes under the public name: to the services the request is one of https (RFC 9449 §4.3: `htu`). */
export function behindTls(hostname: string): Step {
  return async (c, next) => {
    const url = new URL(c.req.url);
    if (url.protocol === 'http:' && url.hostname === hostname) {
      url.protocol = 'https:';
      const { method, headers, signal, body } = c.req.raw;
      c.req.raw = new Request(url, { method, headers, signal, body, ...(body ? { duplex: 'half' } : {}) });
    }
    return next();
  };
}

/** Refuses an address that no call has. */
export function urlLimit(): Step {
  return async (c, next) => {
    if ((c.env.incoming.url ?? '').length <= MAX_URL) return next();
    return readableByPages(c, c.json(failureBody(414, c.req.path), 414));
  };
}

/** Stamps each answer with the real time, from the same clock as everything else on the wire. */
export function dateHeader(clock: Clock): Step {
  return async (c, next) => {
    await next();
    const skew = (c.get('skewDateSeconds') ?? 0) * 1000;
    // Not among the answer's headers: to change those of a finished answer costs a copy of it.
    if (!c.env.outgoing.headersSent) c.env.outgoing.setHeader('Date', new Date(clock.now() + skew).toUTCString());
  };
}

/** Sends the head and as much of the body as a fault says, then cuts the connection. Outermost: the answer is whole before. */
export function cutShort(): Step {
  return async (c, next) => {
    await next();
    const bytes = c.get('truncate');
    if (bytes === undefined) return;
    const body = Buffer.from(await c.res.arrayBuffer());
    const { outgoing } = c.env;
    const headers = [...c.res.headers].filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding');
    // The whole length is announced, so that the reader knows that something is missing.
    if (body.length > 0) headers.push(['content-length', String(body.length)]);
    outgoing.writeHead(c.res.status, headers.flat());
    outgoing.write(body.subarray(0, bytes), () => outgoing.destroy());
    answered(c);
  };
}

/** Says whose request it is, as far as the path tells; the service's own routes know better and may say otherwise. */
export function tenantOfPath(tenants: Tenants): Step {
  return async (c, next) => {
    const [, first = '', second = '', , fourth = ''] = c.req.path.split('/');
    const lookups: Partial<Record<string, () => Promise<Tenant | undefined>>> = {
      t: () => tenants.get(second),
      v2: () => tenants.ofApp(fourth),
      api: () => tenants.ofEnvironment(fourth),
    };
    c.set('tenant', (Object.hasOwn(lookups, first) ? await lookups[first]?.() : undefined) ?? tenants.default);
    return next();
  };
}

/** Lets the tenant's things be as old as another emulator of the same store says. */
export function sharedClock(clock: MovableClock): Step {
  return async (c, next) => {
    await clock.refresh(c.get('tenant').id);
    return next();
  };
}

/** Emits `request` once it has been answered: method, path without query, status and why it was refused. No header, no body. */
export function requestLog(events: EventLog): Step {
  return async (c, next) => {
    await next();
    // Not by `c.var`, which makes an object of them all each time.
    const [refusal, refusalCode] = [c.get('refusal'), c.get('refusalCode')];
    const [faultId, dropped] = [c.get('faultId'), c.get('dropped')];
    const about = {
      method: c.req.method,
      path: c.req.path.slice(0, MAX_LOGGED_PATH),
      // A connection that was dropped has no status, whatever the route said.
      status: dropped ? null : c.res.status,
    };
    const tenant = c.get('tenant').id;
    const refused = refusal === undefined ? undefined : { ...about, code: refusalCode ?? null, reason: refusal };
    if (refused) await events.emit(tenant, 'refusal', refused).catch(unlessAway);
    const noted = events.emit(tenant, 'request', {
      ...about,
      ...(refusal === undefined ? {} : { refusal }),
      ...(faultId === undefined ? {} : { fault: faultId }),
      ...(dropped === undefined ? {} : { dropped }),
    });
    await noted.catch(unlessAway);
  };
}

/** The answer stands, though nobody can note it: what it says was done. */
function unlessAway(error: unknown): void {
  if (!(error instanceof StoreAwayError)) throw error;
}

/** Refuses a body that no call of the service has use for; one of unknown length is read first. */
export function bodyLimit(): Step {
  return async (c, next) => {
    const announced = c.req.header('content-length');
    const chunked = c.req.header('transfer-encoding') !== undefined;
    const fits = chunked ? (await bufferBody(c)) !== undefined : Number(announced ?? 0) <= MAX_BODY;
    if (fits) return next();
    c.set('refusal', `the body has more than ${MAX_BODY} bytes`);
    return readableByPages(c, c.json(failureBody(413, c.req.path), 413));
  };
}

/** Lets the faults that a test asked for happen. `stopping` cuts a latency short. */
export function faultStep({ faults, events, services, stopping }: FaultParts): Step {
  return async (c, next) => {
    const fault = await faults.next(c.get('tenant').id, {
      method: c.req.method,
      path: c.req.path,
      identities: async () => {
        const body = (await bufferBody(c))?.toString('utf8') ?? '';
        const header = (name: string): string | undefined => c.req.header(name);
        return identitiesOf({ services, tenant: c.get('tenant') }, { path: c.req.path, header, body });
      },
    });
    if (!fault) return next();
    c.set('faultId', fault.id);
    const { method, path } = c.req;
    const about = { method, path: path.slice(0, MAX_LOGGED_PATH), do: actionShown(fault.do) };
    await events.emit(c.get('tenant').id, 'fault', { change: 'happened', fault: fault.id, ...about });
    return happen(c, next, fault.do, stopping);
  };
}

async function happen(
  c: Context<DoorEnv>,
  next: () => Promise<void>,
  action: Fault['do'],
  stopping: AbortSignal,
): Promise<Response | void> {
  if ('status' in action) {
    c.set('refusal', 'a fault answered');
    return readableByPages(c, injected(action, c.req.path));
  }
  if ('drop' in action) {
    if (action.drop === 'after') await next();
    c.set('dropped', action.drop);
    c.env.incoming.socket.destroy();
    answered(c);
    return;
  }
  if ('requireNonce' in action) c.set('requireNonce', true);
  if ('skewDateSeconds' in action) c.set('skewDateSeconds', action.skewDateSeconds);
  if ('truncate' in action) c.set('truncate', action.truncate);
  if ('rotateKey' in action) c.set('rotateKey', true);
  if ('hookTimeout' in action) c.set('hookTimeout', true);
  if ('latencyMs' in action) await pause(action.latencyMs, [stopping, c.req.raw.signal]);
  return next();
}

/** Lets nobody send an answer any more. Set, not returned: a response that the route has made would win over a returned one. */
function answered(c: Context<DoorEnv>): void {
  // In place of another one hono sets a copy, which is sent like any answer.
  c.res = undefined;
  c.res = RESPONSE_ALREADY_SENT;
}

function injected(action: Extract<Fault['do'], { status: number }>, path: string): Response {
  const { status, body = failureBody(status, path), headers = {} } = action;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const kind = typeof body !== 'string' ? 'application/json' : /^\s*</.test(body) ? 'text/html' : 'text/plain';
  return new Response(text, { status, headers: { 'Content-Type': kind, ...headers } });
}

async function pause(ms: number, signals: AbortSignal[]): Promise<void> {
  const limit = deadline(ms, signals);
  if (!limit.signal.aborted) await once(limit.signal, 'abort');
  limit.clear();
}

/** Reads the body into memory and puts it back, so that a later reader finds it whole. Undefined when it is over the limit. */
async function bufferBody(c: Context<DoorEnv>): Promise<Buffer | undefined> {
  const { raw } = c.req;
  if (raw.method === 'GET' || raw.method === 'HEAD' || raw.body === null) return Buffer.alloc(0);
  const body = await readBytes(raw, MAX_BODY);
  if (!body) return undefined;
  const { method, headers, signal } = raw;
  c.req.raw = new Request(raw.url, { method, headers, signal, body });
  return body;
}
