/** The program's entry: what `bin/stepup.js` loads. */
export { main } from './cli/program.js';
export { realSystem } from './system.js';
