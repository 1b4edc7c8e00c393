/** Passkeys without a browser: what the client takes in WebAuthn's place. */
import { assert, register, type Credential } from '../../emulator/dynamic/authenticator.js';
import type { Passkeys } from './dynamic-client.js';

/** A software authenticator with no passkey yet, in an app of this origin. */
export function createPasskeys(origin: string): Passkeys {
  let held: Credential | undefined;
  return {
    isSupported: () => true,
    async register({ optionsJSON }) {
      const { credential, body } = register({ ...optionsJSON }, origin);
      held = credential;
      const { clientDataJson, ...response } = body.response as Record<string, unknown>;
      return { ...body, response: { ...response, clientDataJSON: clientDataJson } };
    },
    async authenticate({ optionsJSON }) {
      if (!held) throw new Error('The authenticator holds no passkey.');
      return assert({ ...optionsJSON }, held, origin);
    },
  };
}
