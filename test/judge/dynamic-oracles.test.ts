/** What our software authenticators make, judged by libraries that are not ours and by the emulator's own side. */
import { createHash } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import { HOTP, Secret, TOTP } from 'otpauth';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  createPasskey,
  creationOptionsSchema,
  requestOptionsSchema,
  usePasskey,
  type Assertion,
  type Passkey,
  type Registration,
} from '../../src/authenticator/passkey.js';
import { codeOf, parseTotpUri, stepAt, type TotpSecret } from '../../src/authenticator/totp.js';
import { createWallet, signInMessage, signMessage } from '../../src/authenticator/wallet.js';
import { recoverAddress } from '../../src/emulator/dynamic/ethereum.js';
import { parseSiwe } from '../../src/emulator/dynamic/siwe.js';
import { signedBody } from '../../src/providers/dynamic/wallet.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const now = (): number => NOW;

/** Bytes that look random and are the same in each run. */
function drawFrom(seed: string): (size: number) => Uint8Array {
  let drawn = 0;
  const block = (): Buffer => createHash('sha512').update(`${seed} ${drawn++}`).digest();
  return (size) => {
    const blocks = Array.from({ length: Math.ceil(size / 64) }, block);
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, size));
  };
}

/** A text of base64url with one bit of its bytes changed. */
function flipped(text: string, at: number, mask = 1): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
  return bytes.toString('base64url');
}

/** The same, behind the first place where `part` stands. */
function flippedBehind(text: string, part: Buffer, offset: number, mask: number): string {
  const at = Buffer.from(text, 'base64url').indexOf(part);
  if (at < 0) throw new Error('The part is not there.');
  return flipped(text, at + part.length + offset, mask);
}

describe('@simplewebauthn/server 14.0.3', () => {
  const SITES = [
    { origin: 'http://localhost:3000', rpId: 'localhost' },
    { origin: 'https://app.example.com', rpId: 'app.example.com' },
    { origin: 'https://deep.app.example.com:8443', rpId: 'example.com' },
  ];
  type Site = (typeof SITES)[number];

  async function register(
    site: Site,
    seed = 'one',
  ): Promise<{ passkey: Passkey; response: Registration; challenge: string }> {
    const options = await generateRegistrationOptions({
      rpName: 'Judge',
      rpID: site.rpId,
      userName: 'ada@example.com',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    const world = { origin: site.origin, held: [], randomBytes: drawFrom(seed), now };
    const made = await createPasskey(v.parse(creationOptionsSchema, options), world);
    return { ...made, challenge: options.challenge };
  }

  const verifyNew = (site: Site, challenge: string, response: Registration) =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
    });

  async function registered(site: Site, seed?: string): Promise<{ passkey: Passkey; credential: WebAuthnCredential }> {
    const { passkey, response, challenge } = await register(site, seed);
    const { registrationInfo } = await verifyNew(site, challenge, response);
    if (!registrationInfo) throw new Error('The passkey was not verified.');
    return { passkey, credential: registrationInfo.credential };
  }

  async function use(site: Site, passkey: Passkey): Promise<{ response: Assertion; challenge: string }> {
    const options = await generateAuthenticationOptions({
      rpID: site.rpId,
      allowCredentials: [{ id: passkey.credentialId, transports: ['internal'] }],
      userVerification: 'required',
    });
    const response = await usePasskey(passkey, v.parse(requestOptionsSchema, options), { origin: site.origin });
    return { response, challenge: options.challenge };
  }

  const verifyUse = (site: Site, credential: WebAuthnCredential, challenge: string, response: Assertion) =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      credential,
      requireUserVerification: true,
    });

  it.each(SITES)('accepts a passkey for $rpId made at $origin, and its use', async (site) => {
    const { passkey, response, challenge } = await register(site);
    const made = await verifyNew(site, challenge, response);
    expect(made).toMatchObject({
      verified: true,
      registrationInfo: {
        fmt: 'none',
        aaguid: '00000000-0000-0000-0000-000000000000',
        userVerified: true,
        credentialDeviceType: 'singleDevice',
        credentialBackedUp: false,
        credential: { id: passkey.credentialId, counter: 0, transports: ['internal'] },
        origin: site.origin,
        rpID: site.rpId,
      },
    });
    const { credential } = await registered(site);
    for (let time = 0; time < 2; time++) {
      const used = await use(site, passkey);
      expect(await verifyUse(site, credential, used.challenge, used.response)).toMatchObject({
        verified: true,
        authenticationInfo: { credentialID: passkey.credentialId, newCounter: 0, userVerified: true },
      });
    }
  });

  it('accepts many keys and signatures', async () => {
    const [site] = SITES as [Site];
    for (let seed = 0; seed < 40; seed++) {
      const { passkey, credential } = await registered(site, `key ${seed}`);
      const { response, challenge } = await use(site, passkey);
      expect((await verifyUse(site, credential, challenge, response)).verified, `key ${seed}`).toBe(true);
    }
  });

  it('refuses a registration that was changed, or is for another call, origin or domain', async () => {
    const [site, other] = SITES as [Site, Site];
    const { response, challenge } = await register(site);
    const rpIdHash = createHash('sha256').update(site.rpId).digest();
    const attestation = (attestationObject: string): Registration => ({
      ...response,
      response: { ...response.response, attestationObject },
    });
    const { attestationObject } = response.response;
    await expect(verifyNew(site, (await register(site)).challenge, response)).rejects.toThrow(/challenge/i);
    await expect(verifyNew({ ...site, origin: other.origin }, challenge, response)).rejects.toThrow(/origin/i);
    await expect(verifyNew({ ...site, rpId: other.rpId }, challenge, response)).rejects.toThrow(/RP ID/i);
    const unverified = attestation(flippedBehind(attestationObject, rpIdHash, 0, 0x04));
    await expect(verifyNew(site, challenge, unverified)).rejects.toThrow(/user.*verif/i);
    const absent = attestation(flippedBehind(attestationObject, rpIdHash, 0, 0x01));
    await expect(verifyNew(site, challenge, absent)).rejects.toThrow(/present/i);
    const renamed: Registration = { ...response, id: flipped(response.id, 0) };
    await expect(verifyNew(site, challenge, renamed)).rejects.toThrow(/Credential ID/);
  });

  it('refuses a use that was changed, or is for another call, origin, domain or key', async () => {
    const [site, other] = SITES as [Site, Site];
    const { passkey, credential } = await registered(site);
    const { response, challenge } = await use(site, passkey);
    const changed = (change: Partial<Assertion['response']>): Assertion => ({
      ...response,
      response: { ...response.response, ...change },
    });
    const { authenticatorData, signature } = response.response;
    const elsewhere = await use(site, passkey);
    await expect(verifyUse(site, credential, elsewhere.challenge, response)).rejects.toThrow(/challenge/i);
    await expect(verifyUse({ ...site, origin: other.origin }, credential, challenge, response)).rejects.toThrow(
      /origin/i,
    );
    await expect(verifyUse({ ...site, rpId: other.rpId }, credential, challenge, response)).rejects.toThrow(/RP ID/i);
    const unverified = changed({ authenticatorData: flipped(authenticatorData, 32, 0x04) });
    await expect(verifyUse(site, credential, challenge, unverified)).rejects.toThrow(/user.*verif/i);

    const counted = changed({ authenticatorData: flipped(authenticatorData, 36) });
    expect((await verifyUse(site, credential, challenge, counted)).verified).toBe(false);
    const forged = changed({ signature: flipped(signature, 20) });
    expect((await verifyUse(site, credential, challenge, forged)).verified).toBe(false);
    const stale = changed({ signature: elsewhere.response.response.signature });
    expect((await verifyUse(site, credential, challenge, stale)).verified).toBe(false);
    const { credential: stranger } = await registered(site, 'another');
    const { publicKey } = stranger;
    expect((await verifyUse(site, { ...credential, publicKey }, challenge, response)).verified).toBe(false);
  });
});

describe('otpauth 9.5.2', () => {
  const ALGORITHMS = ['SHA1', 'SHA256', 'SHA512'] as const;
  const STEPS = [0, 1, 59_523_809, 2 ** 31 - 1, 2 ** 32, 2 ** 40 + 7];

  it('computes the same codes, of secrets from 1 to 64 bytes, each algorithm and length, near and far steps', () => {
    const draw = drawFrom('totp');
    for (let size = 1; size <= 64; size++) {
      const secret = new Secret({ buffer: draw(size).buffer as ArrayBuffer });
      for (const algorithm of ALGORITHMS) {
        for (const digits of [6, 7, 8]) {
          const ours = { secret: secret.base32, algorithm, digits, period: 30 };
          const steps = [...STEPS, Buffer.from(draw(6)).readUIntBE(0, 6)];
          const codes = steps.map((counter) => HOTP.generate({ secret, algorithm, digits, counter }));
          expect({ ...ours, codes: steps.map((step) => codeOf(ours, step)) }).toEqual({ ...ours, codes });
        }
      }
    }
  });

  it('is in the same time step, whatever the period, at its first and its last millisecond', () => {
    for (const period of [1, 15, 30, 60, 90, 3600]) {
      for (const timestamp of [0, NOW, NOW - (NOW % (period * 1000)), NOW - (NOW % (period * 1000)) - 1]) {
        expect(stepAt({ period }, timestamp), `${period} s at ${timestamp}`).toBe(TOTP.counter({ period, timestamp }));
      }
    }
  });

  it('writes addresses that are read as they were meant', () => {
    const draw = drawFrom('uri');
    for (const algorithm of ALGORITHMS) {
      for (const [digits, period] of [
        [6, 30],
        [7, 60],
        [8, 15],
      ] as const) {
        const secret = new Secret({ buffer: draw(20).buffer as ArrayBuffer });
        const uri = new TOTP({ issuer: 'Judge & Co', label: 'ada@example.com', secret, algorithm, digits, period });
        const expected: TotpSecret = { secret: secret.base32, algorithm, digits, period };
        expect(parseTotpUri(uri.toString())).toMatchObject({ ...expected, issuer: 'Judge & Co' });
        const { label: _label, issuer: _issuer, ...parsed } = parseTotpUri(uri.toString());
        expect(codeOf(parsed, stepAt(parsed, NOW))).toBe(uri.generate({ timestamp: NOW }));
      }
    }
  });
});

describe('a wallet’s signature', () => {
  const TEXTS = ['', 'Some data', 'Größe: 5 €\nzweite Zeile', '🦊'.repeat(40), 'x'.repeat(1000)];

  /** EIP-191 and the address of a public key, written down once more. */
  function signerOf(text: string, signature: string): { address: string; highS: boolean } {
    const bytes = Buffer.from(signature.slice(2), 'hex');
    const message = Buffer.from(text);
    const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`), message]));
    const recovered = Buffer.concat([Buffer.from([bytes.readUInt8(64) - 27]), bytes.subarray(0, 64)]);
    const parsed = secp256k1.Signature.fromBytes(recovered, 'recovered');
    const point = parsed.recoverPublicKey(digest).toBytes(false);
    const address = Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString('hex');
    return { address: `0x${address}`, highS: parsed.hasHighS() };
  }

  it('recovers to its address with @noble/curves and at the emulator, whatever the key and the text', async () => {
    const randomBytes = drawFrom('wallet');
    for (let made = 0; made < 20; made++) {
      const wallet = await createWallet({ randomBytes, now });
      const address = wallet.address.toLowerCase();
      for (const text of TEXTS) {
        const signature = await signMessage(wallet, text);
        expect(signature).toMatch(/^0x[\da-f]{128}1[bc]$/);
        expect(signerOf(text, signature)).toEqual({ address, highS: false });
        expect(await recoverAddress(text, signature)).toBe(address);
        expect(await recoverAddress(`${text}.`, signature)).not.toBe(address);
      }
    }
  });
});

describe('a wallet’s message (EIP-4361)', () => {
  type SignIn = Parameters<typeof signInMessage>[0];

  const PARTS: SignIn = {
    domain: 'app.example.com:8443',
    address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
    uri: 'https://app.example.com:8443/',
    chainId: 137,
    nonce: '0123456789abcdefABCDEF',
    issuedAt: '2026-01-02T03:04:05.678Z',
  };

  it.each([
    ['all parts', { statement: 'Signing proves it.', requestId: '00000000-0000-4000-8000-000000000001' }],
    ['no statement', { requestId: 'a-1' }],
    ['no request id', { statement: 'Signing proves it.' }],
    ['neither', {}],
  ])('is read by the emulator as it was meant: %s', (_name, more: Partial<SignIn>) => {
    const { domain, address, uri, nonce } = PARTS;
    expect(parseSiwe(signInMessage({ ...PARTS, ...more }))).toEqual({
      domain,
      address,
      uri,
      chainId: '137',
      nonce,
      issuedAt: NOW,
      expirationTime: undefined,
      notBefore: undefined,
      requestId: more.requestId,
    });
  });

  it('is the app’s own in the body of the call, signed by the wallet that it names', async () => {
    const wallet = await createWallet({ randomBytes: drawFrom('siwe'), now });
    const target = {
      provider: 'dynamic' as const,
      environmentId: '00000000-0000-4000-8000-000000000001',
      apiUrl: 'http://localhost:4743/api/v0',
      origin: 'http://localhost:3000',
    };
    const body = await signedBody(wallet, { nonce: '597a8228945f886b44ef9f525c9a2c7e', now: NOW, target });
    expect(parseSiwe(String(body.messageToSign))).toMatchObject({
      domain: 'localhost:3000',
      address: wallet.address,
      uri: 'http://localhost:3000/',
      chainId: '1',
      nonce: '597a8228945f886b44ef9f525c9a2c7e',
      issuedAt: NOW,
      requestId: target.environmentId,
    });
    const signer = await recoverAddress(String(body.messageToSign), String(body.signedMessage));
    expect(signer).toBe(wallet.address.toLowerCase());
    expect(body.publicWalletAddress).toBe(wallet.address);
  });
});
