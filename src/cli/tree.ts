/** The commands: names, one-line summaries, loaders, and which service has them. A command's module is loaded when it runs. */
import type { Command } from 'commander';
import type { ProviderName } from '../providers/provider.js';
import type { Context } from './context.js';

/** What a command's module exports: it adds arguments, options and action to the command that the tree made. */
export interface CommandModule {
  define(command: Command, handle: Handle): void;
}

/** Wraps a command's run: makes its context, awaits it, and keeps the status that it answers with (none is 0). */
export type Handle = <Values extends unknown[]>(
  run: (context: Context, ...values: Values) => Promise<number | void>,
) => (...values: unknown[]) => Promise<void>;

/** What only one service has. `instead` says what does the job at the other. */
export interface Only {
  provider: ProviderName;
  instead: string;
}

export interface Leaf {
  summary: string;
  load: () => Promise<CommandModule>;
  only?: Only;
}
export interface Group {
  summary: string;
  verbs: Record<string, Leaf | Group>;
  /** Of every verb in it. */
  only?: Only;
}

const MANAGED: Only = {
  provider: 'prelude',
  instead: 'Dynamic is configured in its dashboard; stepup init --provider dynamic shows what its settings say.',
};
const FACTORS: Only = {
  provider: 'dynamic',
  instead: 'Name Dynamic with --provider dynamic. At Prelude the application decides on the steps: stepup scope list',
};

const ACCOUNT: Only = {
  provider: 'prelude',
  instead: 'Dynamic has no passwords, and a session there ends with: stepup logout',
};

export const tree: Record<string, Leaf | Group> = {
  tutorial: {
    summary: 'walk through step-up from start to end, on an emulator of its own',
    load: () => import('./commands/tutorial.js'),
  },
  init: { summary: 'set up an application under a profile', load: () => import('./commands/init.js') },
  profile: {
    summary: 'the applications that are set up',
    verbs: {
      list: { summary: 'list the profiles', load: () => import('./commands/profile/list.js') },
      use: { summary: 'make a profile the current one', load: () => import('./commands/profile/use.js') },
      show: {
        summary: 'show what a command would use, and from where',
        load: () => import('./commands/profile/show.js'),
      },
      remove: { summary: 'remove a profile', load: () => import('./commands/profile/remove.js') },
    },
  },
  config: {
    summary: "the application's step-up configuration",
    only: MANAGED,
    verbs: {
      create: { summary: 'make the step-up configuration', load: () => import('./commands/config/create.js') },
      show: { summary: 'show the step-up configuration', load: () => import('./commands/config/show.js') },
      update: {
        summary: 'change parts of the step-up configuration',
        load: () => import('./commands/config/update.js'),
      },
      delete: { summary: 'delete the step-up configuration', load: () => import('./commands/config/delete.js') },
      apply: { summary: 'make the application be as a file says', load: () => import('./commands/config/apply.js') },
      export: { summary: 'write the application as such a file', load: () => import('./commands/config/export.js') },
    },
  },
  'login-config': {
    summary: 'how users of the application log in',
    only: MANAGED,
    verbs: {
      list: { summary: 'list the configurations of OTP login', load: () => import('./commands/login-config/list.js') },
      add: { summary: 'add a configuration of OTP login', load: () => import('./commands/login-config/add.js') },
      update: { summary: 'change one', load: () => import('./commands/login-config/update.js') },
      remove: { summary: 'remove one', load: () => import('./commands/login-config/remove.js') },
      password: {
        summary: 'show or change the policy of password login',
        load: () => import('./commands/login-config/password.js'),
      },
    },
  },
  user: {
    summary: 'the users of the application',
    only: MANAGED,
    verbs: {
      create: { summary: 'make a user', load: () => import('./commands/user/create.js') },
      list: { summary: 'list the users', load: () => import('./commands/user/list.js') },
      delete: { summary: 'delete a user', load: () => import('./commands/user/delete.js') },
    },
  },
  scope: {
    summary: 'the scopes that may be requested',
    verbs: {
      add: { summary: 'allow a scope to be requested', only: MANAGED, load: () => import('./commands/scope/add.js') },
      list: {
        summary: 'list the scopes that may be requested',
        load: () => import('./commands/scope/list.js'),
      },
      remove: { summary: 'no longer allow a scope', only: MANAGED, load: () => import('./commands/scope/remove.js') },
    },
  },
  login: { summary: 'log in as a user of the application', load: () => import('./commands/login.js') },
  logout: { summary: 'end the session', load: () => import('./commands/logout.js') },
  whoami: { summary: 'show who is logged in', load: () => import('./commands/whoami.js') },
  session: {
    summary: 'the sessions of the user',
    verbs: {
      list: { summary: 'list the sessions', load: () => import('./commands/session/list.js') },
      revoke: { summary: 'end sessions', only: ACCOUNT, load: () => import('./commands/session/revoke.js') },
      export: { summary: 'move the session to a file', load: () => import('./commands/session/export.js') },
      import: { summary: 'take a session in from a file', load: () => import('./commands/session/import.js') },
    },
  },
  password: {
    summary: "the user's password",
    only: ACCOUNT,
    verbs: {
      change: { summary: 'set a new password', load: () => import('./commands/password/change.js') },
      forgot: {
        summary: 'log in by email and set a new password',
        load: () => import('./commands/password/forgot.js'),
      },
    },
  },
  identifier: {
    summary: "the user's phone numbers and addresses",
    only: {
      provider: 'prelude',
      instead: 'At Dynamic they are credentials. See them with: stepup credential list',
    },
    verbs: {
      add: { summary: 'add a phone number or an address', load: () => import('./commands/identifier/add.js') },
    },
  },
  request: { summary: 'request a scope and walk every step to the end', load: () => import('./commands/request.js') },
  check: {
    summary: 'is step-up needed for a scope? status 0: held, 7: needed',
    load: () => import('./commands/check.js'),
  },
  challenge: {
    summary: 'challenges under way',
    verbs: {
      list: { summary: 'list the open challenges', load: () => import('./commands/challenge/list.js') },
      show: { summary: 'show one challenge and its steps', load: () => import('./commands/challenge/show.js') },
      continue: {
        summary: 'go on with a challenge to its end',
        load: () => import('./commands/challenge/continue.js'),
      },
      wait: {
        summary: 'wait until somebody has answered a challenge',
        load: () => import('./commands/challenge/wait.js'),
      },
      discard: { summary: 'forget a challenge', load: () => import('./commands/challenge/discard.js') },
    },
  },
  otp: {
    summary: 'one code step at a time',
    verbs: {
      send: { summary: "send the code of a challenge's current step", load: () => import('./commands/otp/send.js') },
      check: { summary: 'check a code', load: () => import('./commands/otp/check.js') },
      retry: { summary: 'send the code again', load: () => import('./commands/otp/retry.js') },
    },
  },
  mfa: {
    summary: "the user's MFA methods",
    only: FACTORS,
    verbs: {
      list: { summary: 'list the MFA methods', load: () => import('./commands/mfa/list.js') },
      add: { summary: 'enrol an authenticator app (TOTP)', load: () => import('./commands/mfa/add.js') },
      default: { summary: 'make a method the default one', load: () => import('./commands/mfa/default.js') },
      remove: { summary: 'remove a method', load: () => import('./commands/mfa/remove.js') },
      'recovery-codes': {
        summary: 'show the recovery codes, or make new ones',
        load: () => import('./commands/mfa/recovery-codes.js'),
      },
    },
  },
  passkey: {
    summary: "the user's passkeys, kept in the store",
    verbs: {
      add: { summary: 'make a passkey', load: () => import('./commands/passkey/add.js') },
      list: { summary: 'list the passkeys', load: () => import('./commands/passkey/list.js') },
      remove: { summary: 'remove a passkey', load: () => import('./commands/passkey/remove.js') },
    },
  },
  wallet: {
    summary: 'external wallets, kept in the store',
    only: FACTORS,
    verbs: {
      create: { summary: 'make a wallet', load: () => import('./commands/wallet/create.js') },
      import: { summary: 'take a wallet in by its private key', load: () => import('./commands/wallet/import.js') },
      list: { summary: 'list the wallets, here and at the service', load: () => import('./commands/wallet/list.js') },
      link: { summary: 'link a wallet to the user', load: () => import('./commands/wallet/link.js') },
      unlink: { summary: 'unlink a wallet from the user', load: () => import('./commands/wallet/unlink.js') },
    },
  },
  credential: {
    summary: "the user's proven identities",
    only: FACTORS,
    verbs: {
      list: { summary: 'list the credentials', load: () => import('./commands/credential/list.js') },
    },
  },
  status: { summary: 'who is logged in, and which scopes are held', load: () => import('./commands/status.js') },
  fetch: {
    summary: 'call your own API as the logged-in user; steps up when the API asks',
    load: () => import('./commands/fetch.js'),
  },
  exec: {
    summary: 'run a command with a token that holds a scope, or behind a proxy that adds it',
    load: () => import('./commands/exec.js'),
  },
  reset: { summary: 'forget pending codes and challenges', load: () => import('./commands/reset.js') },
  token: { summary: 'print a token that holds a scope, or look into one', load: () => import('./commands/token.js') },
  probe: { summary: 'does your API really demand the scope?', load: () => import('./commands/probe.js') },
  explain: { summary: 'why was this refused?', load: () => import('./commands/explain.js') },
  hook: {
    summary: 'step-up hooks: one to play with, and checks of your own',
    verbs: {
      serve: {
        summary: 'answer step-up calls with a fixed verdict',
        only: {
          provider: 'prelude',
          instead:
            'Dynamic calls no hook: the environment’s settings decide. They are shown by stepup init --provider dynamic.',
        },
        load: () => import('./commands/hook/serve.js'),
      },
      send: { summary: 'send a signed sample call to your own hook', load: () => import('./commands/hook/send.js') },
      verify: {
        summary: 'check the signature of a recorded call',
        load: () => import('./commands/hook/verify.js'),
      },
      test: { summary: 'test your own hook', load: () => import('./commands/hook/test.js') },
    },
  },
  keys: {
    summary: "the keys of your own backend's custom steps",
    verbs: {
      create: { summary: 'make a signing key', load: () => import('./commands/keys/create.js') },
      jwks: { summary: 'print the public keys as a JWKS', load: () => import('./commands/keys/jwks.js') },
      serve: { summary: 'serve the public keys as a JWKS', load: () => import('./commands/keys/serve.js') },
      sign: {
        summary: 'sign the verification token of a custom step',
        load: () => import('./commands/keys/sign.js'),
      },
      test: { summary: 'test your JWKS endpoint', load: () => import('./commands/keys/test.js') },
    },
  },
  emulator: {
    summary: 'the services on this machine',
    verbs: {
      start: { summary: 'start the emulator', load: () => import('./commands/emulator/start.js') },
      exec: {
        summary: 'run a command with an emulator of its own',
        load: () => import('./commands/emulator/exec.js'),
      },
      messages: { summary: 'read the messages that it "sent"', load: () => import('./commands/emulator/messages.js') },
      snapshot: {
        summary: 'states of the emulator under names, and in files',
        verbs: {
          take: { summary: 'keep the state under a name', load: () => import('./commands/emulator/snapshot/take.js') },
          restore: {
            summary: 'bring a kept state back',
            load: () => import('./commands/emulator/snapshot/restore.js'),
          },
          list: { summary: 'list the snapshots', load: () => import('./commands/emulator/snapshot/list.js') },
          remove: { summary: 'remove a snapshot', load: () => import('./commands/emulator/snapshot/remove.js') },
          export: {
            summary: 'write the state to a file',
            load: () => import('./commands/emulator/snapshot/export.js'),
          },
          import: {
            summary: 'take a state in from a file',
            load: () => import('./commands/emulator/snapshot/import.js'),
          },
        },
      },
      events: {
        summary: 'see what happened, with the reason of each refusal',
        load: () => import('./commands/emulator/events.js'),
      },
      clock: {
        summary: 'the clock by which things expire',
        verbs: {
          show: { summary: 'show where it stands', load: () => import('./commands/emulator/clock/show.js') },
          advance: { summary: 'move it ahead', load: () => import('./commands/emulator/clock/advance.js') },
          offset: {
            summary: 'set how far it is ahead of real time',
            load: () => import('./commands/emulator/clock/offset.js'),
          },
          freeze: { summary: 'stop it', load: () => import('./commands/emulator/clock/freeze.js') },
          resume: { summary: 'let it run again', load: () => import('./commands/emulator/clock/resume.js') },
        },
      },
      fault: {
        summary: 'what shall go wrong',
        verbs: {
          add: { summary: 'let something go wrong', load: () => import('./commands/emulator/fault/add.js') },
          list: { summary: 'list the faults', load: () => import('./commands/emulator/fault/list.js') },
          clear: { summary: 'remove one fault, or all', load: () => import('./commands/emulator/fault/clear.js') },
        },
      },
      tenant: {
        summary: 'applications and environments of its own for each worker of a suite',
        verbs: {
          create: { summary: 'make a tenant', load: () => import('./commands/emulator/tenant/create.js') },
          list: { summary: 'list the tenants', load: () => import('./commands/emulator/tenant/list.js') },
          delete: {
            summary: 'remove a tenant with all that is its',
            load: () => import('./commands/emulator/tenant/delete.js'),
          },
        },
      },
      reset: { summary: 'go back to the start', load: () => import('./commands/emulator/reset.js') },
    },
  },
};
