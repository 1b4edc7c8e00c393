/** Turns a seed into the state that it describes. */
import * as v from 'valibot';
import { createFaults } from '../faults.js';
import { saveDocument } from '../prelude/documents.js';
import { setLoginConfigs } from '../prelude/login-config.js';
import { oauthConfig, OAuthConfigBody, OAuthProvider } from '../prelude/oauth-config.js';
import { PASSKEY_CONFIG, PasskeyConfigBody } from '../prelude/passkey-config.js';
import { PASSWORD_CONFIG, PasswordConfigBody } from '../prelude/password-config.js';
import { registerScope } from '../prelude/scopes.js';
import { StepUpDocument } from '../prelude/step-up-config.js';
import { createStepUpConfig } from '../prelude/step-up-store.js';
import { LoginConfigBody } from '../prelude/wire.js';
import { createSeededRandom } from '../rng.js';
import { createScenarios } from '../scenarios.js';
import type { Services, Tenant } from '../services.js';
import { createSettings } from '../settings.js';
import type { Json } from '../state/interface.js';
import { createMemoryState } from '../state/memory.js';
import type { TenantPlace } from '../tenant-place.js';
import type { SeedScenario, SeedTenant } from './document.js';
import { makeDynamicUser, makePreludeUser } from './make-user.js';

/**
 * The state of a tenant as the seed says, in the form of an export. Ids follow from `text`, so that each start, each reset and each
 * emulator that has the same seed gives the same. Throws TypeError for a seed with conflicts, which `conflictsOf` would have told.
 */
export async function stateOf(
  tenant: Tenant,
  seed: SeedTenant,
  { text, services }: { text: string; services: Services },
): Promise<Json> {
  const state = createMemoryState({ ageNow: services.clock.ageNow });
  const settings = createSettings(state);
  const own: Services = {
    ...services,
    state,
    settings: settings.read,
    randomBytes: createSeededRandom(`seed ${text}`).of(tenant.id),
    // What a seed does is no event of the services.
    emit: async () => undefined,
    randomOf: undefined,
  };
  const place: TenantPlace = { services: own, tenant };
  if (seed.settings) await settings.patch(tenant.id, seed.settings);
  await configure(place, seed.prelude ?? {});
  await makeUsers(place, seed);
  await writeScenarios(place, seed.identities ?? []);
  const document = await state.export(tenant.id);
  await state.close();
  return document;
}

async function configure(place: TenantPlace, config: NonNullable<SeedTenant['prelude']>): Promise<void> {
  const { scopes = [], stepup, login_otp, login_password, login_oauth = {}, passkey } = config;
  for (const scope of scopes) await registerScope(place, scope);
  if (stepup) await createStepUpConfig(place, v.parse(StepUpDocument, stepup));
  if (login_otp) await setLoginConfigs(place, v.parse(v.array(LoginConfigBody), login_otp));
  if (login_password) await saveDocument(place, PASSWORD_CONFIG, v.parse(PasswordConfigBody, login_password));
  for (const provider of OAuthProvider.options) {
    const login = login_oauth[provider];
    if (login) await saveDocument(place, oauthConfig(provider), v.parse(OAuthConfigBody, login));
  }
  if (passkey) await saveDocument(place, PASSKEY_CONFIG, v.parse(PasskeyConfigBody, passkey));
}

async function makeUsers(place: TenantPlace, { prelude, dynamic }: SeedTenant): Promise<void> {
  for (const wish of prelude?.users ?? []) {
    if (!(await makePreludeUser(place, wish))) throw new TypeError('The seed has a user of Prelude twice.');
  }
  for (const wish of dynamic?.users ?? []) {
    if (!(await makeDynamicUser(place, wish))) throw new TypeError('The seed has a user of Dynamic twice.');
  }
}

async function writeScenarios(
  { services: { state, randomBytes }, tenant }: TenantPlace,
  entries: SeedScenario[],
): Promise<void> {
  const scenarios = createScenarios(state);
  const faults = createFaults(state, randomBytes);
  for (const { identity, fault, ...scenario } of entries) {
    if (Object.keys(scenario).length > 0) await scenarios.set(tenant.id, identity, scenario);
    if (!fault) continue;
    const { method, path, status, latencyMs } = fault;
    const action = status === undefined ? { latencyMs: latencyMs ?? 1 } : { status };
    const match = {
      identity,
      ...(path === undefined ? {} : { path }),
      ...(method === undefined ? {} : { method: method.toUpperCase() }),
    };
    await faults.add(tenant.id, { match, do: action });
  }
}
