import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, elevatedOf, fifty, ORIGIN, signedIn, startWorld, totp, type World } from './client.js';

let world: World;
let made = 0;
let email = '';

beforeAll(async () => {
  world = await startWorld();
  await world.control.settings({ dynamic: { otpSends: 100, allowedOrigins: ['https://app.example'] } });
});
beforeEach(() => {
  email = `wallet${++made}@example.com`;
});
afterAll(() => world.stop());

class Wallet {
  readonly key = secp256k1.utils.randomSecretKey();
  readonly address = `0x${Buffer.from(keccak_256(secp256k1.getPublicKey(this.key, false).subarray(1)).subarray(12)).toString('hex')}`;

  /** EIP-191. */
  sign(text: string): string {
    const message = Buffer.from(text);
    const prefixed = Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`), message]);
    const signature = secp256k1.sign(keccak_256(prefixed), this.key, { prehash: false, format: 'recovered' });
    return `0x${Buffer.from(signature.subarray(1)).toString('hex')}${(27 + (signature[0] ?? 0)).toString(16)}`;
  }
}

interface Quirks {
  domain?: string;
  address?: string;
  nonce?: string;
  requestId?: string;
  issuedAt?: string;
  /** Lines between `Issued At` and `Request ID`. */
  times?: string[];
  more?: Record<string, unknown>;
  signer?: Wallet;
}

/** A body as the official client makes it, with a fresh nonce. */
async function signed(client: Client, wallet: Wallet, quirks: Quirks = {}): Promise<Record<string, unknown>> {
  const nonce = quirks.nonce ?? String((await client.get('nonce')).body.nonce);
  const { environmentId } = world.emulator.ready.dynamic;
  const messageToSign = [
    `${quirks.domain ?? 'localhost:3000'} wants you to sign in with your Ethereum account:`,
    quirks.address ?? wallet.address,
    '',
    'Welcome to Demo. Signing is the only way we can truly know that you are the owner of the wallet you are connecting.',
    '',
    'URI: http://localhost:3000/',
    'Version: 1',
    'Chain ID: 1',
    `Nonce: ${nonce}`,
    `Issued At: ${quirks.issuedAt ?? new Date(Date.now()).toISOString()}`,
    ...(quirks.times ?? []),
    `Request ID: ${quirks.requestId ?? environmentId}`,
  ].join('\n');
  return {
    signedMessage: (quirks.signer ?? wallet).sign(messageToSign),
    messageToSign,
    publicWalletAddress: wallet.address,
    chain: 'EVM',
    walletName: 'metamaskevm',
    walletProvider: 'browserExtension',
    network: '1',
    additionalWalletAddresses: [],
    ...quirks.more,
  };
}

async function signInBy(wallet: Wallet): Promise<Client> {
  const client = new Client(world);
  client.keep(await client.post('wallets/signin', await signed(client, wallet)));
  return client;
}

describe('a wallet', () => {
  it('signs in, and steps up', async () => {
    const wallet = new Wallet();
    const client = await signInBy(wallet);
    const credential = (client.user.verifiedCredentials as { id: string }[])[0];
    expect(credential).toMatchObject({
      format: 'blockchain',
      chain: 'eip155',
      address: wallet.address,
      public_identifier: wallet.address,
      wallet_name: 'metamaskevm',
      wallet_provider: 'browserExtension',
      signInEnabled: true,
    });
    expect((await client.post('stepUp/check', { scope: 'wallet:export' })).body.credentials).toEqual([
      { id: credential?.id, format: 'blockchain', alias: wallet.address },
    ]);
    const body = await signed(client, wallet, { more: { requestedScopes: ['wallet:export'] } });
    const elevated = elevatedOf(await client.post('wallets/verify', body));
    expect((await client.post('waas/w1/privateKey/export', {}, { elevated })).status).toBe(200);
    expect((await client.post('connect', { address: wallet.address, chain: 'EVM' })).status).toBe(204);
  });

  it('is known again, however its address is written, and by the old call', async () => {
    const wallet = new Wallet();
    const first = await signInBy(wallet);
    const upper = `0x${wallet.address.slice(2).toUpperCase()}`;
    const second = new Client(world);
    second.keep(
      await second.post(
        'verify',
        await signed(second, wallet, { address: upper, more: { publicWalletAddress: upper } }),
      ),
    );
    expect(second.user.id).toBe(first.user.id);
  });

  it.each<[string, Quirks, string]>([
    ['signer', { signer: new Wallet() }, 'invalid_verification'],
    ['domain', { domain: 'evil.example' }, 'invalid_verification'],
    ['listed domain than the page’s', { domain: 'app.example' }, 'invalid_verification'],
    ['address in the message', { address: new Wallet().address }, 'invalid_wallet_address'],
    ['environment', { requestId: '00000000-0000-4000-8000-000000000002' }, 'invalid_verification'],
    ['nonce', { nonce: 'abcdefgh12345678' }, 'invalid_verification'],
    ['time, to come', { issuedAt: new Date(Date.now() + 3_600_000).toISOString() }, 'invalid_verification'],
    ['end, in the past', { times: ['Expiration Time: 2026-01-01T00:00:00Z'] }, 'invalid_verification'],
    ['start, to come', { times: ['Not Before: 2999-01-01T00:00:00Z'] }, 'invalid_verification'],
    ['chain', { more: { chain: 'SOL' } }, 'not_emulated'],
    ['signature', { more: { signedMessage: '0x00' } }, 'invalid_verification'],
    ['message', { more: { messageToSign: 'hello' } }, 'invalid_verification'],
    ['address', { more: { publicWalletAddress: '0x1' } }, 'invalid_wallet_address'],
    ['kind of wallet', { more: { walletProvider: 'paper' } }, 'bad_request'],
  ])('of another %s is refused', async (_, quirks, code) => {
    const client = new Client(world);
    expect((await client.post('wallets/signin', await signed(client, new Wallet(), quirks))).body.code).toBe(code);
  });

  it('takes each nonce once; of fifty at once one wins', async () => {
    const client = new Client(world);
    const body = await signed(client, new Wallet());
    const { won, codes } = await fifty(world, () => client.post('wallets/signin', body));
    expect(won).toBe(1);
    expect(codes).toEqual(new Set(['invalid_verification']));
  });

  it('without Origin: any domain of the environment', async () => {
    const client = new Client(world, '');
    const at = async (domain: string) =>
      (await client.post('wallets/signin', await signed(client, new Wallet(), { domain }))).status;
    expect(await at('app.example')).toBe(200);
    expect(await at('localhost:5173')).toBe(200);
    expect(await at('evil.example')).toBe(422);
  });

  it('is linked and unlinked with tokens for it', async () => {
    const wallet = new Wallet();
    const user = await signedIn(world, email);
    const body = await signed(user, wallet);
    expect((await user.post('verify/link', body)).body.code).toBe('elevated_access_token_required');
    const link = await user.elevate(email, ['credential:link']);
    const linked = user.keep(await user.post('verify/link', body, { elevated: link }));
    const [mail, credential] = linked.body.user ? (user.user.verifiedCredentials as { id: string }[]) : [];
    expect(credential).toMatchObject({ address: wallet.address, signInEnabled: false });
    const stepUp = await signed(user, wallet, { more: { requestedScopes: ['wallet:export'] } });
    expect((await user.post('wallets/verify', stepUp)).body.code).toBe('credential_not_enabled_for_sign_in');

    expect((await user.post('verify/unlink', { walletId: credential?.id })).body.code).toBe(
      'elevated_access_token_required',
    );
    const unlink = await user.elevate(email, ['credential:unlink']);
    const call = { elevated: unlink };
    expect((await user.post('verify/unlink', { walletId: 'nothing' }, call)).body.code).toBe('invalid_unlink_request');
    expect((await user.post('verify/unlink', {}, call)).body.code).toBe('invalid_unlink_request');
    expect((await user.post('verify/unlink', { walletId: credential?.id }, call)).body.user).toMatchObject({
      verifiedCredentials: [{ format: 'email' }],
    });
    expect((await user.post('verify/unlink', { verifiedCrentialId: mail?.id }, call)).body.code).toBe(
      'cannot_delete_last_sign_in_verified_credential',
    );
    expect((await signInBy(wallet)).user.id).not.toBe(user.user.id);
  });

  it('of another user is neither linked nor a proof', async () => {
    const wallet = new Wallet();
    await signInBy(wallet);
    const user = await signedIn(world, email);
    const elevated = await user.elevate(email, ['credential:link']);
    expect(await user.post('verify/link', await signed(user, wallet), { elevated })).toMatchObject({
      status: 422,
      body: { code: 'reassign_wallet_confirm' },
    });
    const body = await signed(user, wallet, { more: { requestedScopes: ['wallet:export'] } });
    expect((await user.post('wallets/verify', body)).body.code).toBe('invalid_wallet_address');
  });

  it('cannot re-authenticate a user with a factor, and its nonce stays good', async () => {
    const wallet = new Wallet();
    const client = await signInBy(wallet);
    const wish = { more: { requestedScopes: ['credential:link'] } };
    const elevated = elevatedOf(await client.post('wallets/verify', await signed(client, wallet, wish)));
    const { secret } = (await client.get('users/mfa/register/totp', { elevated })).body;
    await client.post('users/mfa/auth/totp', { code: totp(String(secret), Date.now()) });
    const body = await signed(client, wallet, wish);
    expect((await client.post('wallets/verify', body)).body.code).toBe('mfa_required');
    expect((await client.post('wallets/signin', body)).status).toBe(200);
  });
});

describe('an embedded wallet', () => {
  const EMBEDDED = { walletProvider: 'embeddedWallet' };

  async function embedded(wallet: Wallet): Promise<Client> {
    const client = new Client(world);
    client.keep(await client.post('wallets/signin', await signed(client, wallet, { more: EMBEDDED })));
    return client;
  }

  const check = async (client: Client) => (await client.post('stepUp/check', { scope: 'wallet:export' })).body;

  it('signs in, and is shown as what it is', async () => {
    const wallet = new Wallet();
    const client = await embedded(wallet);
    expect(client.user.verifiedCredentials).toMatchObject([
      { format: 'blockchain', address: wallet.address, wallet_provider: 'embeddedWallet', signInEnabled: true },
    ]);
  });

  it('is not listed by the check, and is no default', async () => {
    const client = await embedded(new Wallet());
    expect(await check(client)).toEqual({ isRequired: true, credentials: [] });
  });

  it('that is linked, and can sign in, is not listed beside what is', async () => {
    await world.control.settings({ dynamic: { multipleSignInCredentials: true } });
    const user = await signedIn(world, email);
    const external = new Wallet();
    const elevated = await user.elevate(email, ['credential:link']);
    for (const [wallet, more] of [
      [new Wallet(), EMBEDDED],
      [external, {}],
    ] as const) {
      user.keep(await user.post('verify/link', await signed(user, wallet, { more }), { elevated }));
    }
    await world.control.settings({ dynamic: { multipleSignInCredentials: false } });
    const [mail, inner, outer] = user.user.verifiedCredentials as { id: string }[];
    expect(inner).toMatchObject({ wallet_provider: 'embeddedWallet', signInEnabled: true });
    expect(await check(user)).toEqual({
      isRequired: true,
      credentials: [
        { id: mail?.id, format: 'email', alias: email },
        { id: outer?.id, format: 'blockchain', alias: external.address },
      ],
      defaultCredentialId: mail?.id,
    });
  });

  it.each(['embeddedWallet', 'browserExtension'])(
    'proves nothing, whatever the call says it is: %s',
    async (walletProvider) => {
      const wallet = new Wallet();
      const client = await embedded(wallet);
      const body = await signed(client, wallet, { more: { walletProvider, requestedScopes: ['wallet:export'] } });
      expect(await client.post('wallets/verify', body)).toMatchObject({
        status: 403,
        body: { code: 'embedded_wallet_not_allowed' },
      });
      client.keep(await client.post('wallets/signin', body));
      expect((await check(client)).credentials).toEqual([]);
    },
  );

  it('is not unlinked, nor named as a hint; nothing is spent by the refusal', async () => {
    const user = await signedIn(world, email);
    const link = await user.elevate(email, ['credential:link']);
    for (const more of [EMBEDDED, {}]) {
      user.keep(await user.post('verify/link', await signed(user, new Wallet(), { more }), { elevated: link }));
    }
    const [, inner, outer] = user.user.verifiedCredentials as { id: string }[];
    const elevated = await user.elevate(email, ['credential:unlink', 'wallet:sign']);
    for (const body of [
      { walletId: inner?.id },
      { verifiedCredentialId: inner?.id },
      { verifiedCredentialId: outer?.id, walletId: inner?.id },
    ]) {
      expect(await user.post('verify/unlink', body, { elevated })).toMatchObject({
        status: 422,
        body: { code: 'forbidden_unlink_request' },
      });
    }
    const answer = await user.post('verify/unlink', { verifiedCredentialId: outer?.id }, { elevated });
    expect((answer.body.user as { verifiedCredentials: unknown[] }).verifiedCredentials).toHaveLength(2);
  });
});

it('nonces come five at a time, fit for a message', async () => {
  const client = new Client(world, ORIGIN);
  const many = (await client.get('nonces?count=9')).body.nonces as string[];
  expect(many).toHaveLength(5);
  expect(new Set(many).size).toBe(5);
  for (const nonce of many) expect(nonce).toMatch(/^[a-zA-Z0-9]{8,}$/);
  expect((await client.get('nonces?count=0')).status).toBe(400);
});
