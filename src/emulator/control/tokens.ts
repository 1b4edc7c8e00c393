/** `POST /tokens`: tokens for tests of a backend's checks. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { DEFECTS, foreignKey, type Minted, type Wanted } from '../defects.js';
import type { SigningKey } from '../key-files.js';
import type { Services, Tenant } from '../services.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';

const text = v.exactOptional(v.pipe(v.string(), v.maxLength(500)));
const seconds = v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e11)));

const body = v.strictObject({
  provider: v.picklist(['prelude', 'dynamic']),
  claims: v.exactOptional(
    v.looseObject({
      scope: text,
      sub: text,
      sid: text,
      jti: text,
      iss: text,
      iat: seconds,
      nbf: seconds,
      exp: seconds,
    }),
    {},
  ),
  defect: v.exactOptional(v.picklist(DEFECTS), 'none'),
});

type Mint = (
  tenant: Tenant,
  order: { wanted: Wanted; defect: (typeof DEFECTS)[number]; foreign: () => Promise<SigningKey> },
) => Promise<Minted>;

/**
 * POST mints a token of `provider` with `claims` over its own and one `defect`; it answers with the token, its claims and the defect.
 * What key signs and what else each defect changes is said where the two services mint.
 */
export function tokenCalls({ services, events }: Controlled): Hono<ControlEnv> {
  const mints = { prelude: once(() => preludeMint(services)), dynamic: once(() => dynamicMint(services)) };
  const foreign = once(foreignKey);
  return new Hono<ControlEnv>().post('/', async (c) => {
    const { provider, claims: wanted, defect } = await readBody(c, body);
    const { tenant } = c.var;
    const mint = await mints[provider]();
    const { token, claims } = await mint(tenant, { wanted, defect, foreign });
    await events.emit(tenant.id, 'token', { provider, kind: 'test', defect, claims });
    return c.json({ token, claims, defect }, 201);
  });
}

async function preludeMint(services: Services): Promise<Mint> {
  // Loaded late: a house without this service need not have it.
  const { mintTestToken, partsForTokens } = await import('../prelude/test-tokens.js');
  const parts = await partsForTokens(services);
  return (tenant, order) => mintTestToken(parts, tenant, order);
}

async function dynamicMint(services: Services): Promise<Mint> {
  const { mintTestToken, partsForTokens } = await import('../dynamic/test-tokens.js');
  const parts = partsForTokens(services);
  return (tenant, order) => mintTestToken(parts, tenant, order);
}

/** Made when it is first asked for; made again when that failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
