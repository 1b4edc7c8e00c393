/** An app of one user on the official client in Node, and what a test asks of it again and again. */
import { Secret, TOTP } from 'otpauth';
import { openDynamicClient, type Device, type DynamicClient, type Passkeys } from './dynamic-client.js';
import { watchFetch, type Environment, type WatchedFetch } from './dynamic-environment.js';
import type { Wallet } from './dynamic-wallet.js';

export const ORIGIN = 'http://localhost:3000';

export interface App extends DynamicClient, Omit<WatchedFetch, 'fetch'> {
  signInByEmail(email: string): Promise<void>;
  /** Steps up by a code to that address. */
  stepUpByEmail(email: string, scopes: string[]): Promise<void>;
  /** Enrols a TOTP device by way of a code to that address. `code` is good once, for the next proof. */
  enrolTotp(email: string): Promise<{ id: string; secret: string; code: string }>;
  /** A gated call of the app's own: with the token that the client hands out for it, or with the one that is given. */
  exportKey(given?: { bearer: string; elevated?: string | undefined }): Promise<{ status: number; code?: string }>;
}

export interface Apps {
  open(options?: { device?: Device; wallet?: Wallet; passkeys?: Passkeys; origin?: string }): Promise<App>;
  /** Logs all out. Throws when a client complained of something that nobody asked about. */
  close(): Promise<void>;
}

export function createApps(environment: Environment): Apps {
  const opened: App[] = [];
  return {
    async open({ origin = ORIGIN, ...options } = {}) {
      const { fetch, ...watched } = watchFetch(environment.dynamic);
      const client = await openDynamicClient({ ...environment.dynamic, origin, fetch, ...options });
      const app = { ...client, ...watched, ...habits(environment, client, origin) };
      opened.push(app);
      return app;
    },
    async close() {
      const closing = opened.splice(0);
      for (const { token, logout } of closing) if (token() !== null) await logout();
      const complaints = closing.flatMap((app) => app.complaints());
      if (complaints.length > 0) throw new Error(`The client complained: ${complaints.join('; ')}`);
    },
  };
}

/** RFC 6238 by an implementation that is nobody's of ours. `ahead`: so many time steps from now. */
export function totp(secret: string, ahead = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + ahead * 30_000 });
}

/** A code that cannot be the right one. */
export function wrong(code: string): string {
  return (code.startsWith('0') ? '1' : '0') + code.slice(1);
}

function habits(
  { dynamic, newestCode }: Environment,
  client: DynamicClient,
  origin: string,
): Pick<App, 'signInByEmail' | 'stepUpByEmail' | 'enrolTotp' | 'exportKey'> {
  const stepUpByEmail = async (email: string, scopes: string[]): Promise<void> => {
    await client.verifyCode(await client.sendEmail(email), await newestCode(email), { scopes });
  };
  return {
    stepUpByEmail,
    async signInByEmail(email) {
      await client.verifyCode(await client.sendEmail(email), await newestCode(email));
    },
    async enrolTotp(email) {
      await stepUpByEmail(email, ['credential:link']);
      const { id, secret } = await client.registerTotp();
      await client.verifyTotp(totp(secret));
      return { id, secret, code: totp(secret, 1) };
    },
    async exportKey(given) {
      const { bearer, elevated } = given ?? { bearer: client.token() ?? '', elevated: client.take('wallet:export') };
      const url = `${dynamic.apiBaseUrl}/sdk/${dynamic.environmentId}/waas/a-wallet/privateKey/export`;
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          origin,
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
          ...(elevated === undefined ? {} : { 'x-dyn-elevated-access-token': elevated }),
        },
        body: '{}',
      });
      const { code } = (await response.json()) as { code?: string };
      return { status: response.status, ...(code === undefined ? {} : { code }) };
    },
  };
}
