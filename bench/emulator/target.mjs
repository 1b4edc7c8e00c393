/** What a client has to know of an emulator, which gets a scope to step up to without a hook. */

const SCOPE = 'transfer:write';

export async function targetOf({ url, controlToken, prelude }) {
  const manage = async (path, body) => {
    const response = await fetch(`${url}/v2/session/apps/${prelude.appId}/config/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${prelude.managementKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  const steps = [{ order: 1, key: 'verify_sms', expiration_duration: 300 }];
  const direct = {
    identifier_types: ['phone_number'],
    status: 'review',
    grant_mode: 'session-bound',
    granted_for: 300,
    steps,
  };
  await manage('stepup', {
    step_keys: [],
    jwks_url: 'https://backend.example.com/jwks.json',
    allowed_scopes: [{ scope: SCOPE, mode: 'direct', direct }],
  });
  await manage('scopes', { scope: SCOPE });
  return { url, controlToken, scope: SCOPE, nonce: await freshNonce(url) };
}

/** A user agent learns the nonce from a refusal; the clients of the bench begin with one. */
export async function freshNonce(url) {
  const response = await fetch(`${url}/v1/session/refresh`, { method: 'POST' });
  return response.headers.get('dpop-nonce') ?? undefined;
}
