import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { createManagement, type Management } from '../../../src/providers/prelude/management.js';
import { refuse } from '../../support/prelude-service.js';
import { openHouse, type House } from './house.js';

const APP = '/v2/session/apps/demo';
const OTP = `${APP}/config/login/otp`;
const PASSWORD = `${APP}/config/login/password`;
const SCOPES = `${APP}/config/scopes`;
const STORED = {
  id: 'lcfg_01',
  config_type: 'otp',
  channel_type: 'sms',
  is_default: true,
  template_id: null,
  grant_change_password: true,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};
const BODY = { config_type: 'otp', channel_type: 'sms' as const, is_default: true, code_size: 6 };
const LIMIT = { ttl: 60_000_000_000, limit: 5 };
const LOGIN = {
  hash_method: 'argon2id',
  enabled: true,
  rate_limit_login_ip: LIMIT,
  rate_limit_login_identifier: LIMIT,
  password_compliancy: { min_length: 8, max_length: 0, uppercase: 1, lowercase: 0, numbers: 0, symbols: 0 },
};

let house: House;
let management: Management;
beforeEach(async () => {
  house = await openHouse();
  management = createManagement({ http: house.http, target: house.target });
  house.service.on(SCOPES, () => ({ status: 200, json: { scopes: [] } }));
});
afterEach(() => house.close());

const sent = (): unknown[] =>
  house.service.requests.map(({ method, path, body }) => [
    method,
    path.replace(APP, ''),
    ...(body === undefined ? [] : [body]),
  ]);

describe('OTP login', () => {
  it('is listed, added, replaced and removed; what we do not know is kept', async () => {
    house.service.on(OTP, ({ method, body }) =>
      method === 'GET'
        ? { status: 200, json: { login_configs: [STORED] } }
        : { status: 201, json: { login_config: { ...body, id: 'lcfg_02' } } },
    );
    house.service.on(`${OTP}/lcfg_02`, ({ method }) =>
      method === 'PUT' ? { status: 200, json: { done: true } } : { status: 204 },
    );
    expect(await management.otpLogins()).toEqual([STORED]);
    expect(await management.addOtpLogin(BODY)).toEqual({ ...BODY, id: 'lcfg_02' });
    expect(await management.replaceOtpLogin('lcfg_02', { ...BODY, code_size: 8 })).toEqual({
      ...BODY,
      code_size: 8,
      id: 'lcfg_02',
    });
    expect(await management.removeOtpLogin('lcfg_02')).toBe(true);
    expect(sent()).toEqual([
      ['GET', '/config/login/otp'],
      ['POST', '/config/login/otp', BODY],
      ['PUT', '/config/login/otp/lcfg_02', { ...BODY, code_size: 8 }],
      ['DELETE', '/config/login/otp/lcfg_02'],
    ]);
  });

  it('one that is not there is LOGIN_CONFIG_UNKNOWN to replace, and false to remove', async () => {
    await expect(management.replaceOtpLogin('lcfg_9', BODY)).rejects.toMatchObject({ code: 'LOGIN_CONFIG_UNKNOWN' });
    expect(await management.removeOtpLogin('lcfg_9')).toBe(false);
    await expect(management.removeOtpLogin('../../scopes')).resolves.toBe(false);
    expect(house.service.requests.at(-2)?.path).toBe(`${OTP}/..%2F..%2Fscopes`);
  });

  test.each([405, 501])('a service that removes none (%i) is NOT_OFFERED', async (status) => {
    house.service.on(`${OTP}/lcfg_01`, () => refuse(status, 'nope'));
    await expect(management.removeOtpLogin('lcfg_01')).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'NOT_OFFERED',
      status,
      requestId: 'req_7',
    });
  });

  it('a failing service is no missing call', async () => {
    house.service.on(`${OTP}/lcfg_01`, () => refuse(503, 'unavailable'));
    await expect(management.removeOtpLogin('lcfg_01')).rejects.toMatchObject({ code: 'SERVICE_FAILING' });
  });
});

describe('password login', () => {
  test.each<[string, object]>([
    ['bare', LOGIN],
    ['as config', { config: LOGIN }],
    ['as login_config', { login_config: LOGIN }],
    [
      'with flags for counts',
      { config: { ...LOGIN, password_compliancy: { min_length: 8, uppercase: true, lowercase: false } } },
    ],
  ])('is read %s', async (_name, json) => {
    house.service.on(PASSWORD, () => ({ status: 200, json }));
    expect(await management.passwordLogin()).toEqual(LOGIN);
  });

  it('is made with POST, replaced with PUT, and undefined when there is none', async () => {
    expect(await management.passwordLogin()).toBeUndefined();
    house.service.on(PASSWORD, () => ({ status: 200, json: {} }));
    await management.writePasswordLogin(LOGIN, false);
    await management.writePasswordLogin(LOGIN, true);
    expect(sent().slice(-2)).toEqual([
      ['POST', '/config/login/password', LOGIN],
      ['PUT', '/config/login/password', LOGIN],
    ]);
  });

  it('something else is ANSWER_MALFORMED', async () => {
    house.service.on(PASSWORD, () => ({ status: 200, json: { config: { enabled: true } } }));
    await expect(management.passwordLogin()).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
  });
});

describe('users', () => {
  it('are made, get a password, are listed by page and deleted', async () => {
    const identifiers = [{ type: 'email_address' as const, value: 'ada@example.com' }];
    house.service.on(`${APP}/users`, () => ({ status: 201, json: { id: 'usr_1' } }));
    house.service.on(`${APP}/users/usr_1/password`, () => ({ status: 204 }));
    house.service.on(`${APP}/users/usr_1`, () => ({ status: 204 }));
    house.service.on(`${APP}/users?limit=2&offset=4`, () => ({ status: 200, json: { users: [{ id: 'usr_1' }] } }));
    expect(await management.createUser(identifiers)).toBe('usr_1');
    await management.setPassword('usr_1', 'a secret of many words');
    expect(await management.users({ limit: 2, offset: 4 })).toEqual({ users: [{ userId: 'usr_1', identifiers: [] }] });
    expect(await management.deleteUser('usr_1')).toBe(true);
    expect(sent()).toEqual([
      ['POST', '/users', { identifiers }],
      ['PUT', '/users/usr_1/password', { password: 'a secret of many words' }],
      ['GET', '/users?limit=2&offset=4'],
      ['DELETE', '/users/usr_1'],
    ]);
    expect(house.debug.join('\n')).not.toContain('a secret of many words');
  });

  it('the noes have their names', async () => {
    house.service.on(`${APP}/users`, () => refuse(409, 'conflict'));
    await expect(management.createUser([])).rejects.toMatchObject({ code: 'USER_EXISTS', serviceCode: 'conflict' });
    await expect(management.setPassword('usr_9', 'x')).rejects.toMatchObject({ code: 'USER_UNKNOWN' });
    await expect(management.users({ limit: 1, offset: 0 })).rejects.toMatchObject({ code: 'NOT_OFFERED', status: 404 });
    expect(await management.deleteUser('usr_9')).toBe(false);
    house.service.on(`${APP}/users/usr_1/password`, () => refuse(400, 'invalid_password'));
    await expect(management.setPassword('usr_1', 'x')).rejects.toMatchObject({ code: 'PASSWORD_REFUSED' });
  });

  it('an unknown application is told from an unknown user', async () => {
    await house.close();
    house = await openHouse();
    management = createManagement({ http: house.http, target: house.target });
    await expect(management.deleteUser('usr_1')).rejects.toMatchObject({ code: 'APPLICATION_UNKNOWN' });
    await expect(management.users({ limit: 1, offset: 0 })).rejects.toMatchObject({ code: 'APPLICATION_UNKNOWN' });
    await expect(management.otpLogins()).rejects.toMatchObject({ code: 'APPLICATION_UNKNOWN' });
  });
});
