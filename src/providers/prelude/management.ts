/** Prelude's management API, as far as step-up needs it: scopes, the step-up configuration, logins and users. */
import * as v from 'valibot';
import { RefusedError } from '../../errors.js';
import { readConfigSchema, withoutTimes, type StepUpConfig } from './config.js';
import { refusalError } from './errors.js';
import { createManagementCaller, type ManagementOptions } from './management-call.js';
import { createLoginManagement, type LoginManagement } from './management-login.js';
import { createUserManagement, type UserManagement } from './management-users.js';
import { parseAnswer } from '../parse.js';

/**
 * Every call throws RefusedError MANAGEMENT_KEY_REFUSED for a wrong key, APPLICATION_UNKNOWN for an application that the
 * service does not have, REFUSED for any other no; and UnreachableError.
 */
export interface Management extends LoginManagement, UserManagement {
  /** The scopes that are registered on the application. */
  scopes(): Promise<string[]>;
  /** Registers a scope. False when it was registered already. */
  addScope(scope: string): Promise<boolean>;
  /** Removes a scope from the application. False when it was not registered. */
  removeScope(scope: string): Promise<boolean>;
  /** The step-up configuration; undefined when there is none. The older form is read as the current one. */
  stepUpConfig(): Promise<StepUpConfig | undefined>;
  /** Makes the configuration. Throws RefusedError CONFIG_EXISTS when there is one. Answers with what is stored now. */
  createStepUpConfig(config: StepUpConfig): Promise<StepUpConfig>;
  /** Replaces the whole configuration. Throws RefusedError CONFIG_MISSING when there is none. */
  replaceStepUpConfig(config: StepUpConfig): Promise<StepUpConfig>;
  /** Deletes the configuration. False when there was none. */
  deleteStepUpConfig(): Promise<boolean>;
}

const scopesSchema = v.object({ scopes: v.array(v.string()) });
const configSchema = v.object({ config: readConfigSchema });

/** Builds the client of one application's management API. */
export function createManagement(options: ManagementOptions): Management {
  const caller = createManagementCaller(options);
  const { call, confirmApplication, unknownApplication } = caller;

  async function scopes(): Promise<string[]> {
    const { json, refusal } = await call('GET', '/config/scopes');
    if (refusal?.status === 404) throw unknownApplication(refusal);
    if (refusal) throw refusalError(refusal);
    return parseAnswer(scopesSchema, json, 'GET config/scopes').scopes;
  }

  async function writeConfig(method: 'POST' | 'PUT', config: StepUpConfig): Promise<StepUpConfig> {
    const { json, refusal } = await call(method, '/config/stepup', withoutTimes(config));
    if (refusal?.status === 409 && method === 'POST') {
      throw new RefusedError('CONFIG_EXISTS', 'This application has a step-up configuration already.', {
        status: refusal.status,
        serviceCode: refusal.code,
        requestId: refusal.requestId,
        hint: 'Change it with: stepup config update',
      });
    }
    if (refusal?.status === 404) {
      await confirmApplication();
      throw refusalError({ ...refusal, code: 'not_configured' });
    }
    if (refusal) throw refusalError(refusal);
    const written = v.safeParse(configSchema, json);
    // The bodies of these answers are not documented for every edition; what counts is what is stored.
    return written.success ? written.output.config : ((await stepUpConfig()) ?? config);
  }

  async function stepUpConfig(): Promise<StepUpConfig | undefined> {
    const { json, refusal } = await call('GET', '/config/stepup');
    if (refusal?.status === 404) {
      await confirmApplication();
      return undefined;
    }
    if (refusal) throw refusalError(refusal);
    return parseAnswer(configSchema, json, 'GET config/stepup').config;
  }

  return {
    ...createLoginManagement(caller),
    ...createUserManagement(caller),
    scopes,
    async addScope(scope) {
      const { refusal } = await call('POST', '/config/scopes', { scope });
      if (refusal?.status === 404) throw unknownApplication(refusal);
      if (refusal && refusal.status !== 409) throw refusalError(refusal, { scope });
      return refusal === undefined;
    },
    async removeScope(scope) {
      const { refusal } = await call('DELETE', '/config/scopes', { scope });
      if (refusal?.status === 404) await confirmApplication();
      else if (refusal) throw refusalError(refusal, { scope });
      return refusal === undefined;
    },
    stepUpConfig,
    createStepUpConfig: (config) => writeConfig('POST', config),
    replaceStepUpConfig: (config) => writeConfig('PUT', config),
    async deleteStepUpConfig() {
      const { refusal } = await call('DELETE', '/config/stepup');
      if (refusal?.status === 404) await confirmApplication();
      else if (refusal) throw refusalError(refusal);
      return refusal === undefined;
    },
  };
}
