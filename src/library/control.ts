/** The control API of one tenant, with types. */
import type { ClockState, Fault, Message, Settings, Snapshot, TenantControl, User, WaitingQuery } from './types.js';
import { callControl, EmulatorError, type Call, type ControlPlace } from './call.js';
import { secondsOf } from './duration.js';
import { readEvents } from './events.js';

const WAIT_SECONDS = 5;
/** One call is held at most this long: a proxy in between may cut a longer one. */
const LONGEST_HOLD_SECONDS = 10;

/** What steers a tenant, by its id; undefined for the default one. Everything throws EmulatorError. */
export function tenantControl(place: ControlPlace, tenant: string | undefined): TenantControl {
  const call = <T>(given: Call): Promise<T> => callControl<T>(place, { ...given, query: { tenant, ...given.query } });
  const clock = (body: Record<string, unknown>): Promise<ClockState> => call({ method: 'POST', path: '/clock', body });

  const messages = async ({ wait = 0, after, signal, ...narrow }: WaitingQuery = {}): Promise<Message[]> => {
    const query = { ...narrow, after: after instanceof Date ? after.toISOString() : after };
    for (let left = secondsOf(wait); ; left -= LONGEST_HOLD_SECONDS) {
      const hold = Math.min(left, LONGEST_HOLD_SECONDS);
      const given = { path: '/messages', query: { ...query, wait: hold > 0 ? hold : undefined }, signal };
      const found = (await call<{ messages: Message[] }>(given)).messages;
      if (found.length > 0 || left <= LONGEST_HOLD_SECONDS) return found;
    }
  };

  const message = async ({ wait = WAIT_SECONDS, ...query }: WaitingQuery = {}): Promise<Message> => {
    const seconds = secondsOf(wait);
    const found = await messages({ ...query, wait: seconds });
    const arrived = found.findLast(({ suppressed }) => !suppressed);
    if (arrived) return arrived;
    throw new EmulatorError(nothingFor(query.to, seconds, found.at(-1)));
  };

  return {
    inbox: { messages, message, code: async (query) => (await message(query)).code },
    clock: {
      get: () => call({ path: '/clock' }),
      advance: async (by) => clock({ advance: secondsOf(by) }),
      offset: async (to) => clock({ offset: secondsOf(to) }),
      freeze: () => clock({ freeze: true }),
      resume: () => clock({ resume: true }),
    },
    faults: {
      add: (fault) => call({ method: 'POST', path: '/faults', body: fault }),
      list: async () => (await call<{ faults: Fault[] }>({ path: '/faults' })).faults,
      clear: (id) =>
        call({ method: 'DELETE', path: id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}` }),
    },
    settings: {
      get: () => call<Settings>({ path: '/settings' }),
      patch: (patch) => call({ method: 'PATCH', path: '/settings', body: patch }),
    },
    state: {
      export: () => call({ path: '/state' }),
      import: (document) => call({ method: 'PUT', path: '/state', body: document }),
      reset: () => call({ method: 'DELETE', path: '/state' }),
    },
    snapshots: {
      take: (name) => call<Snapshot>({ method: 'POST', path: `/snapshots/${encodeURIComponent(name)}` }),
      restore: (name) => call({ method: 'PUT', path: `/snapshots/${encodeURIComponent(name)}` }),
    },
    users: {
      list: async (query) => (await call<{ users: User[] }>({ path: '/users', query: { ...query } })).users,
      create: (user) => call({ method: 'POST', path: '/users', body: user }),
      delete: (id) => call({ method: 'DELETE', path: `/users/${encodeURIComponent(id)}` }),
    },
    tokens: { mint: (options) => call({ method: 'POST', path: '/tokens', body: options }) },
    events: (query) => readEvents(place, tenant, query),
  };
}

function nothingFor(to: string | undefined, seconds: number, suppressed: Message | undefined): string {
  if (!suppressed) return `No message${to === undefined ? '' : ` to ${to}`} fits, and none came within ${seconds} s.`;
  const reason = suppressed.reason === undefined ? '' : `: ${suppressed.reason}`;
  return `The message to ${suppressed.to} (${suppressed.id}) was suppressed and never arrives${reason}.`;
}
