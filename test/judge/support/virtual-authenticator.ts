/** Chromium's own authenticator without hardware, over the DevTools protocol. */
import type { CDPSession, Page } from 'playwright-core';

type Credential = Awaited<ReturnType<typeof credentialsOf>>[number];

export interface VirtualAuthenticator {
  credentials(): Promise<Credential[]>;
  /** Puts a passkey in, as where one is synchronised between devices. */
  add(credential: Credential): Promise<void>;
}

/** Adds one to the page; it verifies its user and holds resident keys. It goes when a DevTools session of the page is detached. */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: () => credentialsOf(devtools, authenticatorId),
    async add(credential) {
      await devtools.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
  };
}

async function credentialsOf(devtools: CDPSession, authenticatorId: string) {
  return (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
}
