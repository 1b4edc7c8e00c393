/** Commands that are shown to be typed next: they speak to the same application as the command that shows them. */

import { tree, type Group, type Leaf } from './tree.js';

const withValue = new Set([
  '--profile',
  '--tenant',
  '--provider',
  '--app',
  '--domain',
  '--management-url',
  '--management-key-file',
  '--environment',
  '--api-url',
  '--origin',
]);

/** The flags of a command line that chose the application, as they were typed. */
export function targetFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  return words.flatMap((word, at) => {
    if (word === '--emulator=running') return ['--emulator'];
    if (word === '--emulator' || word.startsWith('--emulator=')) return [word];
    if (withValue.has(word)) return words.slice(at, at + 2);
    return withValue.has(word.split('=', 1)[0]!) ? [word] : [];
  });
}

/** A hint whose command at its end (`…: stepup login`) carries the flags that chose the application. */
export function withTarget(hint: string, argv: readonly string[]): string {
  const flags = targetFlags(argv);
  if (flags.length === 0 || !/: stepup (?!init|tutorial|emulator start|profile)[^\n]*$/.test(hint)) return hint;
  return `${hint} ${flags.join(' ')}`;
}

function takesNext(word: string | undefined): boolean {
  return word !== undefined && (withValue.has(word) || word === '--timeout');
}

/** What to do after wrong usage for which nobody has a better word: the help of the command, as far as the words name one. */
export function usageHint(argv: readonly string[]): string {
  const words: string[] = [];
  let among: Record<string, Leaf | Group> | undefined = tree;
  for (const [at, word] of argv.entries()) {
    // Options of all commands may go before the words that name one.
    if (word.startsWith('-') || takesNext(argv[at - 1])) continue;
    const child: Leaf | Group | undefined = among && Object.hasOwn(among, word) ? among[word] : undefined;
    if (!child) break;
    words.push(word);
    among = 'verbs' in child ? child.verbs : undefined;
  }
  return `See how it is used with: ${['stepup', ...words, '--help'].join(' ')}`;
}
