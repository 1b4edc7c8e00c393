/** By what a client tells an emulator from a live service before it sends anything that is worth something. */

/** The header that every answer of a control API has, and every refusal of an unknown host. Its value is the emulator's version. */
export const EMULATOR_HEADER = 'X-Stepup-Emulator';
/** Where any emulator says what it is, to anybody. */
export const EMULATOR_HEALTH_PATH = '/__emulator/health';
/** How the management key of every emulated application begins. */
export const EMULATOR_KEY_PREFIX = 'sk_emulator_';
/** The `type` of a file that holds a whole emulator. */
export const STATE_FILE_TYPE = 'stepup-emulator';
