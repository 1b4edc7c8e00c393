/** A stepup.json made from an application: the same bytes for the same application. */
import { canonicalOtpLogins, canonicalPasswordLogin, canonicalScopes, canonicalStepUp } from './canonical.js';
import type { StepUpFile } from './document.js';
import type { Snapshot } from './snapshot.js';

/** Where an editor finds the JSON Schema when the package is installed beside the file. */
const SCHEMA = './node_modules/stepup/schema/stepup.schema.json';

/** The file; sections that the snapshot lacks, or cannot say whole, are left out. */
export function fileOf({ scopes, stepup, login_otp, login_password }: Snapshot): StepUpFile {
  const password = login_password ? canonicalPasswordLogin(login_password) : undefined;
  return {
    $schema: SCHEMA,
    ...(scopes ? { scopes: canonicalScopes(scopes) } : {}),
    ...(stepup === undefined ? {} : { stepup: stepup && canonicalStepUp(stepup) }),
    ...(login_otp ? { login_otp: canonicalOtpLogins(login_otp) } : {}),
    ...(password ? { login_password: password } : {}),
  };
}

/** Its text, without the line end. Control characters that `JSON.stringify` leaves as they are come escaped. */
export function fileText(file: StepUpFile): string {
  return JSON.stringify(file, undefined, 2).replace(
    /[\u007f-\u009f]/g,
    (found) => `\\u00${found.charCodeAt(0).toString(16)}`,
  );
}
