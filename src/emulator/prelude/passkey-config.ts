/** Configuration of passkeys: the domain that they are for, and who may make and use them. */
import * as v from 'valibot';
import { readDocument, type Dated, type DocumentName } from './documents.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import { GrantedScopes } from './wire.js';

const Origin = v.pipe(
  v.string('an origin'),
  v.maxLength(300, 'an origin'),
  v.check((text) => URL.canParse(text) && new URL(text).origin === text, 'an origin such as https://app.example.com'),
);
const Demand = v.picklist(['required', 'preferred', 'discouraged'], 'required, preferred or discouraged');

/** Prelude: the document of `config/passkey`. */
export const PasskeyConfigBody = v.object({
  rp_id: v.pipe(v.string('a domain'), v.regex(/^[a-z0-9.-]{1,253}$/, 'a domain in lower case')),
  rp_name: v.pipe(v.string('a name'), v.minLength(1, 'a name'), v.maxLength(256, 'at most 256 characters')),
  allowed_origins: v.pipe(
    v.array(Origin, 'a list of origins'),
    v.minLength(1, 'at least one origin'),
    v.maxLength(100, 'at most 100 origins'),
  ),
  user_verification: v.optional(Demand, 'preferred'),
  attestation_preference: v.optional(
    v.picklist(['none', 'indirect', 'direct', 'enterprise'], 'none, indirect, direct or enterprise'),
    'none',
  ),
  login_enabled: v.optional(v.boolean('true or false'), false),
  granted_scopes: v.optional(GrantedScopes, []),
  aaguid_allowlist: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.uuid('a UUID')), 'a list of UUIDs'), v.maxLength(1000)),
    [],
  ),
});
export type PasskeyConfigBody = v.InferOutput<typeof PasskeyConfigBody>;

/** Under which it is kept. A new application has passkeys of this machine, for pages at the ports that are usual. */
export const PASSKEY_CONFIG: DocumentName<PasskeyConfigBody> = {
  id: 'passkey',
  initial: {
    rp_id: 'localhost',
    rp_name: 'stepup emulator',
    allowed_origins: [
      'https://localhost',
      'http://localhost:3000',
      'https://localhost:3000',
      'http://localhost:5173',
      'http://localhost:8080',
    ],
    user_verification: 'preferred',
    attestation_preference: 'none',
    login_enabled: true,
    granted_scopes: [],
    aaguid_allowlist: [],
  },
};

/** The configuration. Throws FrontendError `passkey_not_configured` when there is none. */
export async function requirePasskeyConfig(place: Place): Promise<Dated<PasskeyConfigBody>> {
  const config = await readDocument(place, PASSKEY_CONFIG);
  if (config) return config;
  throw new FrontendError('passkey_not_configured', 'passkeys: expected a configuration, got none');
}

/** The same, of an application that lets users log in with passkeys. */
export async function requirePasskeyLogin(place: Place): Promise<Dated<PasskeyConfigBody>> {
  const config = await requirePasskeyConfig(place);
  if (config.login_enabled) return config;
  throw new FrontendError('passkey_not_configured', 'passkeys: expected login_enabled, got a configuration without');
}
