/** The program in a process of its own, as `bin/stepup.js` starts it. */
import { main, realSystem } from '../../src/main.js';

process.exitCode = await main(await realSystem());
