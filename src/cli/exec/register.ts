/** Tells a CI service which texts are secrets, so that its log never shows them. */
import type { Env } from '../../system.js';

/** The services that have a command for it, by the variable that they set, and the command (their documentation of log commands). */
const SERVICES: { variable: string; command: (secret: string) => string }[] = [
  { variable: 'GITHUB_ACTIONS', command: (secret) => `::add-mask::${secret}` },
  { variable: 'TF_BUILD', command: (secret) => `##vso[task.setsecret]${secret}` },
];

/** The lines that register the secrets; none outside such a service. Both read them from standard error as well as output. */
export function maskCommands(env: Env, secrets: readonly string[]): string[] {
  const service = SERVICES.find(({ variable }) => env[variable]?.toLowerCase() === 'true');
  return service ? secrets.map((secret) => service.command(secret)) : [];
}
