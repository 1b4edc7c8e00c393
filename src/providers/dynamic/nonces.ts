/** The pool of nonces. Dynamic: five at a time, good for a day, each for one signature. */
import { generateDpopKey, type DpopKey } from '../../http/dpop.js';
import { hasPassed, iso } from '../instants.js';
import { parseAnswer } from '../parse.js';
import type { Api, Call } from './api.js';
import { refusalError } from './errors.js';
import { compressed, signText } from './keys.js';
import type { Records } from './record.js';
import { noncesSchema } from './wire.js';

const LIFE_MS = 24 * 3_600_000;

export interface Nonces {
  /** Takes one out of the pool, which is filled first when it is nearly empty. No two callers get the same. */
  take(call: Pick<Call, 'bearer' | 'sessionKey'>): Promise<string>;
  /** Drops the pool: the service does not know its nonces any more. */
  forget(): Promise<void>;
  /** The headers by which the service knows this device; a nonce goes with them. */
  deviceHeaders(call: Pick<Call, 'bearer' | 'sessionKey'>): Promise<Record<string, string>>;
}

/** Binds the pool in an environment's record. `now` gives milliseconds. */
export function createNonces(api: Api, records: Records, now: () => number): Nonces {
  async function fill({ bearer, sessionKey }: Pick<Call, 'bearer' | 'sessionKey'>): Promise<void> {
    const answer = await api.call({ bearer, sessionKey, method: 'GET', path: '/nonces?count=5' });
    if (answer.refusal) throw refusalError(answer.refusal);
    const { nonces } = parseAnswer(noncesSchema, answer.json, '/nonces');
    await records.update((record) => {
      const values = [...good(record.nonces), ...nonces];
      return { ...record, nonces: { values, expiresAt: iso(now() + LIFE_MS) } };
    });
  }

  function good(pool: { values: string[]; expiresAt: string } | undefined): string[] {
    return pool && !hasPassed(pool.expiresAt, now()) ? pool.values : [];
  }

  async function take(call: Pick<Call, 'bearer' | 'sessionKey'>): Promise<string> {
    const { device } = await records.read();
    if (!device) await keepDevice();
    for (;;) {
      if (good((await records.read()).nonces).length <= 1) await fill(call);
      let taken: string | undefined;
      await records.update((record) => {
        const [first, ...rest] = good(record.nonces);
        taken = first;
        return record.nonces ? { ...record, nonces: { ...record.nonces, values: rest } } : record;
      });
      if (taken !== undefined) return taken;
    }
  }

  /** The device's key, made when it is first needed; of two made at once the first one stays. */
  async function keepDevice(): Promise<DpopKey> {
    const fresh = await generateDpopKey();
    const { device } = await records.update((record) => ({ ...record, device: record.device ?? fresh }));
    return device ?? fresh;
  }

  return {
    take,
    async forget() {
      await records.update((record) => ({ ...record, nonces: undefined }));
    },
    async deviceHeaders(call) {
      const nonce = await take(call);
      const device = await keepDevice();
      return {
        'x-dynamic-device-nonce': nonce,
        'x-dynamic-device-publickey': compressed(device),
        'x-dynamic-device-signed-nonce': await signText(device, nonce),
      };
    },
  };
}
