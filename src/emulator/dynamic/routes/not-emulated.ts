/** What the service has and the emulator has not answers 501 by its name; what the service has not, its own 404. */
import type { Hono } from 'hono';
import { DynamicError, type Env } from '../errors.js';

/** Paths of the service's SDK API; `*` stands for everything below. */
const PATHS = `
balances businessAccounts businessAccounts/* chains/* checkTelegramAuth checkouts/* deviceRegistration deviceRegistrations
deviceRegistrations/* emailProvider events evm/* exchange/* exchangeRates farcaster/* flow/* globalWallets/* healthcheck networks
oauthAccounts/* offramps onramps onramps/* prefetch providers/* realtime/auth scan/* sdkSettings session solana/* ssoProvider swap/*
telegram/* transactions/* users/check users/embeddedWallets users/embeddedWallets/* users/merge
users/wallets/selection verify/merge verify/transfer waas/* wallet/* yield/*
`;

/** The rest of the API. */
export function refuseRest(routes: Hono<Env>): void {
  for (const path of PATHS.trim().split(/\s+/)) {
    routes.all(`/${path}`, (c) => {
      const name = `${c.req.method} ${path}`;
      throw new DynamicError(
        'not_emulated',
        `path: expected a call that is emulated, got ${name}`,
        `The emulator does not have ${name}`,
      );
    });
  }
  routes.all('*', (c) => {
    throw new DynamicError('not_found', `path: expected a call of the service, got ${c.req.method} ${c.req.path}`);
  });
}
