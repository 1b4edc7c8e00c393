import { createHash, createPublicKey, verify } from 'node:crypto';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  createPasskey,
  creationOptionsSchema,
  passkeySchema,
  passkeysFor,
  requestOptionsSchema,
  usePasskey,
  type CreationOptions,
  type Passkey,
} from '../../src/authenticator/passkey.js';

/** RFC 6979 A.2.5: a private key of P-256 and its public point. */
const D = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721';
const X = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6';
const Y = '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299';
/** The 32 bytes 0x00 to 0x1f. */
const ID = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const ID_TEXT = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const P256_ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';

const ORIGIN = 'https://app.example.com';
const OPTIONS: CreationOptions = {
  challenge: 'Y2hhbGxlbmdl',
  rp: { id: 'example.com', name: 'Example' },
  user: { id: 'dXNlci0x', name: 'ada@example.com', displayName: 'Ada' },
  pubKeyCredParams: [
    { type: 'public-key', alg: -257 },
    { type: 'public-key', alg: -7 },
  ],
};

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hexOf = (text: string): string => Buffer.from(text, 'base64url').toString('hex');
const jsonOf = (text: string): string => Buffer.from(text, 'base64url').toString('utf8');
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** A source of randomness that gives these, in this order. */
function drawing(...draws: string[]): (size: number) => Uint8Array {
  return (size) => {
    const bytes = hex(draws.shift() ?? '');
    expect(bytes).toHaveLength(size);
    return bytes;
  };
}

const world = (
  origin = ORIGIN,
  held: Passkey[] = [],
  randomBytes: (size: number) => Uint8Array = drawing(ID, D),
): Parameters<typeof createPasskey>[1] => ({
  origin,
  held,
  randomBytes,
  now: () => 1_700_000_000_000,
});

const PASSKEY: Passkey = {
  credentialId: ID_TEXT,
  rpId: 'example.com',
  rpName: 'Example',
  userHandle: 'dXNlci0x',
  userName: 'ada@example.com',
  privateKey: {
    kty: 'EC',
    crv: 'P-256',
    x: Buffer.from(X, 'hex').toString('base64url'),
    y: Buffer.from(Y, 'hex').toString('base64url'),
    d: Buffer.from(D, 'hex').toString('base64url'),
  },
  createdAt: '2023-11-14T22:13:20.000Z',
};

describe('createPasskey', () => {
  it('makes a passkey of the randomness and the time that it is given', async () => {
    const { passkey } = await createPasskey(OPTIONS, world());
    expect(passkey).toEqual(PASSKEY);
    expect(v.parse(passkeySchema, JSON.parse(JSON.stringify(passkey)))).toEqual(PASSKEY);
  });

  it('WebAuthn §6.5.4: attests with "none", in canonical CBOR', async () => {
    const { response } = await createPasskey(OPTIONS, world());
    const authData = [
      sha256('example.com').toString('hex'),
      '45', // AT | UV | UP
      '00000000', // signature counter
      '00'.repeat(16), // AAGUID
      `0020${ID}`,
      `a5010203262001215820${X}225820${Y}`,
    ].join('');
    expect(authData).toHaveLength(2 * 0xa4);
    expect(hexOf(response.response.attestationObject)).toBe(
      `a363666d74646e6f6e656761747453746d74a068617574684461746158a4${authData}`,
    );
  });

  it('answers with the registration in its JSON form', async () => {
    const { response } = await createPasskey(OPTIONS, world());
    expect(response).toMatchObject({
      id: ID_TEXT,
      rawId: ID_TEXT,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: { transports: ['internal'] },
    });
    expect(jsonOf(response.response.clientDataJSON)).toBe(
      '{"type":"webauthn.create","challenge":"Y2hhbGxlbmdl","origin":"https://app.example.com","crossOrigin":false}',
    );
    expect(hexOf(response.response.publicKey)).toBe(`3059301306072a8648ce3d020106082a8648ce3d03010703420004${X}${Y}`);
    expect(JSON.stringify(response)).not.toContain(PASSKEY.privateKey.d);
  });

  it('draws again for zero and the order of the curve, and gives up on a source that gives nothing else', async () => {
    const zero = '00'.repeat(32);
    const { passkey } = await createPasskey(OPTIONS, world(ORIGIN, [], drawing(ID, zero, P256_ORDER, D)));
    expect(passkey.privateKey).toEqual(PASSKEY.privateKey);
    await expect(
      createPasskey(
        OPTIONS,
        world(ORIGIN, [], (size) => new Uint8Array(size)),
      ),
    ).rejects.toThrow(TypeError);
  });

  it.each([
    [[{ type: 'public-key', alg: -257 }]],
    [[{ type: 'other', alg: -7 }]],
    [[{ type: 'public-key', alg: Number.NaN }]],
  ])('refuses a service that takes no ES256: %j', async (pubKeyCredParams) => {
    await expect(createPasskey({ ...OPTIONS, pubKeyCredParams }, world())).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'REFUSED',
    });
  });

  it('WebAuthn §5.1.3: takes an empty list of algorithms as ES256 and RS256', async () => {
    const { passkey } = await createPasskey({ ...OPTIONS, pubKeyCredParams: [] }, world());
    expect(passkey.credentialId).toBe(ID_TEXT);
  });

  it('refuses when one that is held is excluded, and only for its own domain', async () => {
    const excluding = v.parse(creationOptionsSchema, {
      ...OPTIONS,
      excludeCredentials: [{ id: 'AAAA' }, { id: `${ID_TEXT}=`, type: 'public-key', transports: ['internal'] }],
    });
    await expect(createPasskey(excluding, world(ORIGIN, [PASSKEY]))).rejects.toMatchObject({
      name: 'UsageError',
      code: 'PASSKEY_EXISTS',
    });
    const elsewhere = { ...PASSKEY, rpId: 'app.example.com' };
    await expect(createPasskey(excluding, world(ORIGIN, [elsewhere]))).resolves.toBeDefined();
    await expect(createPasskey(OPTIONS, world(ORIGIN, [PASSKEY]))).resolves.toBeDefined();
  });
});

describe('the domain of a passkey', () => {
  it.each([
    ['https://app.example.com', undefined, 'app.example.com'],
    ['https://app.example.com', null, 'app.example.com'],
    ['https://app.example.com', 'app.example.com', 'app.example.com'],
    ['https://a.b.example.com:8443', 'example.com', 'example.com'],
    ['http://localhost:3000', undefined, 'localhost'],
    ['http://app.localhost:3000', 'app.localhost', 'app.localhost'],
    ['http://127.0.0.1:3000', '127.0.0.1', '127.0.0.1'],
    ['http://[::1]:3000', undefined, '[::1]'],
    ['https://192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ])('at %s, asked for %s, is %s', async (origin, id, rpId) => {
    const { passkey } = await createPasskey({ ...OPTIONS, rp: { id, name: '' } }, world(origin));
    expect(passkey.rpId).toBe(rpId);
  });

  it.each([
    ['https://app.example.com', ''],
    ['https://app.example.com', 'com'],
    ['https://app.example.com', '.com'],
    ['https://app.example.com', '.example.com'],
    ['https://app.example.com', 'example.com.'],
    ['https://app.example.com', 'EXAMPLE.com'],
    ['https://app.example.com', 'evil.com'],
    ['https://app.example.com', 'other.example.com'],
    ['https://example.com', 'app.example.com'],
    ['https://badexample.com', 'example.com'],
    ['http://app.localhost', 'localhost'],
    ['https://192.0.2.1', '2.1'],
    ['https://192.0.2.1', '0.2.1'],
    ['http://[::1]', '1'],
    ['https://app.example.com', 'x.'.repeat(100_000)],
    ['http://app.example.com', 'app.example.com'],
    ['http://127.0.0.1.example.com', undefined],
    ['http://localhost.example.com', undefined],
    ['ftp://example.com', undefined],
    ['https://app.example.com/', undefined],
    ['https://app.example.com/login', undefined],
    ['https://ada@app.example.com', undefined],
    ['app.example.com', undefined],
    ['null', undefined],
    ['', undefined],
    [`https://${'a'.repeat(1_000_000)}`, 'example.com'],
  ])('refuses %.60s, asked for %.40s', async (origin, id) => {
    const failure = { name: 'UsageError', code: 'ORIGIN_INVALID', field: '--origin' };
    await expect(createPasskey({ ...OPTIONS, rp: { id, name: '' } }, world(origin))).rejects.toMatchObject(failure);
    await expect(usePasskey(PASSKEY, { challenge: 'AAAA', rpId: id }, { origin })).rejects.toMatchObject(failure);
    expect(() => passkeysFor([PASSKEY], { challenge: 'AAAA', rpId: id }, origin)).toThrow(
      expect.objectContaining(failure),
    );
  });
});

describe('usePasskey', () => {
  const asked = { challenge: 'Y2hhbGxlbmdl', rpId: 'example.com' };

  it('WebAuthn §6.3.3: signs the authenticator data and the hash of the client data', async () => {
    const { response, ...credential } = await usePasskey(PASSKEY, asked, { origin: ORIGIN });
    expect(credential).toEqual({
      id: ID_TEXT,
      rawId: ID_TEXT,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
    });
    expect(response.userHandle).toBe('dXNlci0x');
    expect(hexOf(response.authenticatorData)).toBe(`${sha256('example.com').toString('hex')}0500000000`);
    expect(jsonOf(response.clientDataJSON)).toBe(
      '{"type":"webauthn.get","challenge":"Y2hhbGxlbmdl","origin":"https://app.example.com","crossOrigin":false}',
    );
    const { x, y } = PASSKEY.privateKey;
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    const clientData = Buffer.from(response.clientDataJSON, 'base64url');
    const signed = Buffer.concat([Buffer.from(response.authenticatorData, 'base64url'), sha256(clientData)]);
    const signature = Buffer.from(response.signature, 'base64url');
    expect(signature[0]).toBe(0x30);
    expect(verify('sha256', signed, { key, dsaEncoding: 'der' }, signature)).toBe(true);
  });

  it('refuses a passkey of another domain of the same origin', async () => {
    await expect(usePasskey({ ...PASSKEY, rpId: 'app.example.com' }, asked, { origin: ORIGIN })).rejects.toMatchObject({
      name: 'UsageError',
      code: 'ORIGIN_INVALID',
    });
  });

  it('refuses one that the service does not allow', async () => {
    await expect(
      usePasskey(PASSKEY, { ...asked, allowCredentials: [{ id: 'AAAA' }] }, { origin: ORIGIN }),
    ).rejects.toMatchObject({ name: 'RefusedError', code: 'NO_METHOD' });
  });

  it('says of a key that is none that it cannot be read, without quoting it', async () => {
    const broken = { ...PASSKEY, privateKey: { ...PASSKEY.privateKey, x: 'A'.repeat(43) } };
    const failure = await usePasskey(broken, asked, { origin: ORIGIN }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'FailedError', code: 'STORE_CORRUPTED' });
    expect(String(failure)).not.toContain(PASSKEY.privateKey.d);
    expect(failure).not.toHaveProperty('cause');
  });
});

describe('passkeysFor', () => {
  const other = { ...PASSKEY, credentialId: 'AAAA' };
  const elsewhere = { ...PASSKEY, rpId: 'app.example.com' };
  const held = [PASSKEY, other, elsewhere];

  it.each([
    ['all of the domain', { rpId: 'example.com' }, [PASSKEY, other]],
    ['all of the domain, for an empty list', { rpId: 'example.com', allowCredentials: [] }, [PASSKEY, other]],
    ['all of the domain, for no list', { rpId: 'example.com', allowCredentials: null }, [PASSKEY, other]],
    ['those in the list', { rpId: 'example.com', allowCredentials: [{ id: 'AAAA' }, { id: 'BBBB' }] }, [other]],
    ['none, when none is in the list', { rpId: 'example.com', allowCredentials: [{ id: 'BBBB' }] }, []],
    ['those of the host, when no domain is named', {}, [elsewhere]],
  ])('gives %s', (_title, options, expected) => {
    expect(passkeysFor(held, { challenge: 'AAAA', ...options }, ORIGIN)).toEqual(expected);
  });

  it('gives none of none', () => {
    expect(passkeysFor([], { challenge: 'AAAA' }, ORIGIN)).toEqual([]);
  });
});

describe('the options of a service', () => {
  it('are read without what is not used', () => {
    const parsed = v.parse(creationOptionsSchema, {
      ...OPTIONS,
      attestation: 'none',
      timeout: 60_000,
      authenticatorSelection: { residentKey: 'required' },
      excludeCredentials: [{ id: 'AAAA', type: 'public-key', transports: ['usb'] }],
      extensions: { credProps: true },
    });
    expect(parsed).toEqual({ ...OPTIONS, excludeCredentials: [{ id: 'AAAA' }] });
    expect(v.parse(requestOptionsSchema, { challenge: 'AAAA', timeout: 1, hints: [] })).toEqual({ challenge: 'AAAA' });
  });

  it('are read with padding and the other base64 alphabet', () => {
    const parsed = v.parse(requestOptionsSchema, { challenge: '+/+/+w==', allowCredentials: [{ id: '__8=' }] });
    expect(parsed).toEqual({ challenge: '-_-_-w', allowCredentials: [{ id: '__8' }] });
  });

  it.each([
    ['no object', []],
    ['no challenge', { ...OPTIONS, challenge: undefined }],
    ['an empty challenge', { ...OPTIONS, challenge: '' }],
    ['a challenge of half a byte', { ...OPTIONS, challenge: 'A' }],
    ['a challenge of no length', { ...OPTIONS, challenge: 'AAAAA' }],
    ['a challenge with other characters', { ...OPTIONS, challenge: 'AA AA"' }],
    ['a challenge with padding within', { ...OPTIONS, challenge: 'AA==AAAA' }],
    ['a huge challenge', { ...OPTIONS, challenge: 'A'.repeat(1_000_000) }],
    ['a challenge of only padding', { ...OPTIONS, challenge: '='.repeat(8000) }],
    ['no user', { ...OPTIONS, user: null }],
    ['an empty user id', { ...OPTIONS, user: { ...OPTIONS.user, id: '' } }],
    ['a user id of 65 bytes', { ...OPTIONS, user: { ...OPTIONS.user, id: `${'AAAA'.repeat(21)}AAA` } }],
    ['a huge name', { ...OPTIONS, user: { ...OPTIONS.user, name: 'x'.repeat(1_000_000) } }],
    ['a huge domain', { ...OPTIONS, rp: { id: 'x.'.repeat(1_000_000), name: '' } }],
    ['algorithms that are no list', { ...OPTIONS, pubKeyCredParams: 'ES256' }],
    ['an algorithm by name', { ...OPTIONS, pubKeyCredParams: [{ type: 'public-key', alg: 'ES256' }] }],
    ['an excluded id that is no text', { ...OPTIONS, excludeCredentials: [{ id: 7 }] }],
  ])('are refused with %s', (_title, json) => {
    expect(v.safeParse(creationOptionsSchema, json).success).toBe(false);
  });

  it('take a user id of 64 bytes', () => {
    const id = `${'AAAA'.repeat(21)}AA`;
    expect(v.parse(creationOptionsSchema, { ...OPTIONS, user: { ...OPTIONS.user, id } }).user.id).toBe(id);
  });
});

describe('passkeySchema', () => {
  const d = 'secret-that-must-not-be-seen';

  it.each([
    ['nothing', {}],
    ['no id', { ...PASSKEY, credentialId: '' }],
    ['no instant', { ...PASSKEY, createdAt: 'yesterday' }],
    ['another curve', { ...PASSKEY, privateKey: { ...PASSKEY.privateKey, crv: 'P-384' } }],
    ['a key that is too short', { ...PASSKEY, privateKey: { ...PASSKEY.privateKey, d } }],
    ['a key that is huge', { ...PASSKEY, privateKey: { ...PASSKEY.privateKey, d: d.repeat(10_000) } }],
  ])('refuses %s, and its messages quote no key', (_title, json) => {
    const parsed = v.safeParse(passkeySchema, json);
    expect(parsed.success).toBe(false);
    expect(parsed.issues?.map(({ message }) => message).join('\n')).not.toContain(d);
  });
});
