/** Configuration of login by OAuth, one a provider. */
import * as v from 'valibot';
import { readDocument, type Dated, type DocumentName } from './documents.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import { shown } from '../shown.js';
import { GrantedScopes } from './wire.js';

/** Prelude: the providers that it knows. */
export const OAuthProvider = v.picklist(['google', 'apple', 'microsoft', 'github', 'okta', 'facebook']);
export type OAuthProvider = v.InferOutput<typeof OAuthProvider>;

const Text = v.pipe(v.string('a text'), v.minLength(1, 'a text'), v.maxLength(8192, 'at most 8192 characters'));
const Flag = v.optional(v.boolean('true or false'), false);
/** Settings of one provider, which the emulator takes and has no use for. */
const Ignored = v.optional(v.looseObject({}));

/** Prelude: the document of `config/login/oauth/{provider}`. Its secret is not kept: nothing is ever asked of a provider. */
export const OAuthConfigBody = v.pipe(
  v.object({
    client_id: Text,
    client_secret: v.optional(Text),
    enabled: v.optional(v.boolean('true or false'), true),
    scopes: v.optional(v.array(Text, 'a list of scopes'), []),
    granted_scopes: v.optional(GrantedScopes, []),
    options: v.optional(
      v.object({ use_email_as_identifier: Flag, allow_email_account_merge: Flag, verify_email: Flag }),
      {},
    ),
    // Not in the reference, which does not say where addresses off this machine are registered.
    redirect_uris: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            Text,
            v.check((address) => URL.canParse(address), 'a URL'),
          ),
          'a list of URLs',
        ),
        v.maxLength(100),
      ),
      [],
    ),
    apple: Ignored,
    okta: Ignored,
  }),
  v.transform(({ client_secret: _secret, apple: _apple, okta: _okta, ...kept }) => kept),
);
export type OAuthConfigBody = v.InferOutput<typeof OAuthConfigBody>;

/** What a new application has of each provider. Every account has an address of its own here, and is believed about it. */
const INITIAL: OAuthConfigBody = {
  client_id: 'emulator',
  enabled: true,
  scopes: [],
  granted_scopes: [],
  options: { use_email_as_identifier: true, allow_email_account_merge: true, verify_email: false },
  redirect_uris: [],
};

/** Under which a provider's document is kept. */
export function oauthConfig(provider: OAuthProvider): DocumentName<OAuthConfigBody> {
  return { id: `login-oauth-${provider}`, initial: INITIAL };
}

/** Throws FrontendError `oauth_provider_not_configured` (an unknown one as well) or `oauth_provider_disabled`. */
export async function requireOAuthConfig(
  place: Place,
  name: string,
): Promise<{ provider: OAuthProvider; config: Dated<OAuthConfigBody> }> {
  const provider = v.is(OAuthProvider, name) ? name : undefined;
  const config = provider && (await readDocument(place, oauthConfig(provider)));
  if (!config)
    throw new FrontendError('oauth_provider_not_configured', `provider: expected a configured one, got ${shown(name)}`);
  if (!config.enabled)
    throw new FrontendError(
      'oauth_provider_disabled',
      `provider: expected an enabled one, got ${name}, which is disabled`,
    );
  return { provider, config };
}

/** What an address carries beside may hold a secret of the developer's. */
function withoutQuery(address: string): string {
  return address.split(/[?#]/)[0] ?? '';
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** RFC 8252 §7.3: loopback on any port; else an address of `redirect_uris`, character by character. Throws `invalid_redirect_uri`. */
export function checkRedirect({ redirect_uris }: OAuthConfigBody, address: string): void {
  if (URL.canParse(address)) {
    const { protocol, hostname, username, password, hash } = new URL(address);
    const plain = username === '' && password === '' && hash === '';
    if (plain && /^https?:$/.test(protocol) && LOOPBACK.has(hostname)) return;
    if (redirect_uris.includes(address)) return;
  }
  throw new FrontendError(
    'invalid_redirect_uri',
    `redirect_uri: expected a loopback address or one of redirect_uris, got ${shown(withoutQuery(address))}`,
  );
}
