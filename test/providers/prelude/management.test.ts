import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStepUpConfig, type StepUpConfig } from '../../../src/providers/prelude/config.js';
import { createManagement, type Management } from '../../../src/providers/prelude/management.js';
import { refuse } from '../../support/prelude-service.js';
import { openHouse, type House } from './house.js';

const SCOPES = '/v2/session/apps/demo/config/scopes';
const STEPUP = '/v2/session/apps/demo/config/stepup';
const CONFIG: StepUpConfig = {
  jwks_url: 'https://api.example.com/.well-known/jwks.json',
  step_keys: [{ key: 'kyc_review', description: 'manual KYC' }],
  allowed_scopes: [
    { scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: 'https://api.example.com/hook' } },
    {
      scope: 'prld:pwd:write',
      mode: 'direct',
      direct: {
        identifier_types: ['email_address'],
        status: 'review',
        grant_mode: 'session-bound',
        granted_for: 300,
        steps: [{ order: 1, key: 'verify_email', expiration_duration: 600 }],
      },
    },
    { scope: 'prld:phone:register', mode: 'managed' },
  ],
};
const STORED = { ...CONFIG, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };

describe('management', () => {
  let house: House;
  let management: Management;
  beforeEach(async () => {
    house = await openHouse();
    management = createManagement({ http: house.http, target: house.target });
  });
  afterEach(() => house.close());

  const methods = (): string[] =>
    house.service.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);

  it('lists, adds and removes scopes; DELETE has its scope in the body', async () => {
    house.service.on(SCOPES, ({ method }) =>
      method === 'POST' ? { status: 201, json: {} } : { status: 200, json: { scopes: ['admin'] } },
    );
    expect(await management.scopes()).toEqual(['admin']);
    expect(await management.addScope('transfer:write')).toBe(true);
    expect(await management.removeScope('admin')).toBe(true);
    expect(methods()).toEqual(['GET scopes', 'POST scopes', 'DELETE scopes']);
    expect(house.service.requests.map(({ body }) => body)).toEqual([
      undefined,
      { scope: 'transfer:write' },
      { scope: 'admin' },
    ]);
    expect(house.service.requests[0]?.headers.authorization).toBe('Bearer sk_test_key');
  });

  it('a scope that is there, or is not, is no error', async () => {
    house.service.on(SCOPES, ({ method }) =>
      method === 'GET' ? { status: 200, json: { scopes: [] } } : refuse(method === 'POST' ? 409 : 404, 'conflict'),
    );
    expect(await management.addScope('a')).toBe(false);
    expect(await management.removeScope('a')).toBe(false);
  });

  it('reads a configuration, and none', async () => {
    let there = true;
    house.service.on(STEPUP, () => (there ? { status: 200, json: { config: STORED } } : refuse(404, 'not_found')));
    house.service.on(SCOPES, () => ({ status: 200, json: { scopes: [] } }));
    expect(await management.stepUpConfig()).toEqual(STORED);
    there = false;
    expect(await management.stepUpConfig()).toBeUndefined();
  });

  it('reads the older form as the current one', async () => {
    const config = {
      signal_hook_url: 'https://a.example/hook',
      jwks_url: 'https://a.example/jwks',
      step_keys: [],
      allowed_scopes: ['a', 'b'],
    };
    house.service.on(STEPUP, () => ({ status: 200, json: { config } }));
    expect(await management.stepUpConfig()).toEqual({
      jwks_url: 'https://a.example/jwks',
      step_keys: [],
      allowed_scopes: [
        { scope: 'a', mode: 'delegated', delegated: { delegation_hook: 'https://a.example/hook' } },
        { scope: 'b', mode: 'delegated', delegated: { delegation_hook: 'https://a.example/hook' } },
      ],
    });
  });

  it('writes the whole document without the service’s own times', async () => {
    house.service.on(STEPUP, ({ method }) => ({ status: method === 'POST' ? 201 : 200, json: { config: STORED } }));
    expect(await management.createStepUpConfig(CONFIG)).toEqual(STORED);
    expect(await management.replaceStepUpConfig(STORED)).toEqual(STORED);
    expect(methods()).toEqual(['POST stepup', 'PUT stepup']);
    expect(house.service.requests.map(({ body }) => body)).toEqual([CONFIG, CONFIG]);
  });

  it('what it does not know in a document comes back as it was', async () => {
    const config = { ...STORED, new_switch: { deep: [1] } };
    house.service.on(STEPUP, () => ({ status: 200, json: { config } }));
    expect(await management.stepUpConfig()).toEqual(config);
  });

  it('one that exists is not made again', async () => {
    house.service.on(STEPUP, () => refuse(409, 'step_up_config_already_exists'));
    await expect(management.createStepUpConfig(CONFIG)).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'CONFIG_EXISTS',
      serviceCode: 'step_up_config_already_exists',
      requestId: 'req_7',
    });
  });

  it('one that does not exist is not replaced, and deletes as false', async () => {
    house.service.on(STEPUP, () => refuse(404, 'not_found'));
    house.service.on(SCOPES, () => ({ status: 200, json: { scopes: [] } }));
    await expect(management.replaceStepUpConfig(CONFIG)).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
    expect(await management.deleteStepUpConfig()).toBe(false);
  });

  it('deletes with an empty answer', async () => {
    house.service.on(STEPUP, () => ({ status: 204 }));
    expect(await management.deleteStepUpConfig()).toBe(true);
  });

  it('an application that does not exist is told from a configuration that does not', async () => {
    for (const work of [
      () => management.scopes(),
      () => management.addScope('a'),
      () => management.removeScope('a'),
      () => management.stepUpConfig(),
      () => management.createStepUpConfig(CONFIG),
      () => management.replaceStepUpConfig(CONFIG),
      () => management.deleteStepUpConfig(),
    ]) {
      await expect(work()).rejects.toMatchObject({
        code: 'APPLICATION_UNKNOWN',
        message: 'The service has no application demo.',
      });
    }
  });

  it.each([401, 403])('a wrong key (%d) is said without showing it', async (status) => {
    house.service.on(SCOPES, () => refuse(status, 'unauthorized'));
    await expect(management.scopes()).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'MANAGEMENT_KEY_REFUSED',
      message: expect.not.stringContaining('sk_test_key') as string,
    });
  });

  it.each([undefined, '', 'sk_with\nnewline', 'ключ'])(
    'a key that cannot be one (%j) never goes out',
    async (managementKey) => {
      const broken = createManagement({ http: house.http, target: { ...house.target, managementKey } });
      await expect(broken.scopes()).rejects.toMatchObject({ code: 'MANAGEMENT_KEY_REFUSED' });
      expect(house.service.requests).toEqual([]);
    },
  );
});

describe('parseStepUpConfig', () => {
  it('takes a whole document, current or older', () => {
    expect(parseStepUpConfig(CONFIG)).toEqual(CONFIG);
    expect(
      parseStepUpConfig({ signal_hook_url: 'https://a.example', allowed_scopes: ['a'] }).allowed_scopes,
    ).toHaveLength(1);
  });

  it.each([
    [[], undefined],
    [{ allowed_scopes: 'a' }, 'allowed_scopes'],
    [{ allowed_scopes: [{ scope: 'a b', mode: 'managed' }] }, 'allowed_scopes.0.scope'],
    [{ allowed_scopes: [{ scope: 'a', mode: 'odd' }] }, 'allowed_scopes.0.mode'],
    [{ step_keys: [{ key: 'a' }, {}] }, 'step_keys.1.key'],
    [
      {
        allowed_scopes: [
          { scope: 'a', mode: 'direct', direct: { identifier_types: [], status: 'review', granted_for: 86_401 } },
        ],
      },
      'allowed_scopes.0.direct.granted_for',
    ],
  ])('names the field that is wrong in %j', (document, field) => {
    expect(() => parseStepUpConfig(document)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'DOCUMENT_INVALID', field }),
    );
  });
});
