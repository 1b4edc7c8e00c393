/** Where the secrets are kept. */
import { credentialsPath } from '../../store/credentials.js';

export interface SecretsPlace {
  /** `file`: in a file that its owner alone can read. */
  kind: 'file';
  path: string;
}

/** Where a store of this folder keeps sessions, keys and grants. Looks at nothing. */
export function secretsPlace(folder: string): SecretsPlace {
  return { kind: 'file', path: credentialsPath(folder) };
}
