import { describe, expect, it } from 'vitest';
import { targetFlags, usageHint, withTarget } from '../../src/cli/hints.js';

describe('hints', () => {
  it.each([
    ['request a --emulator=running', ['--emulator']],
    ['request a --emulator=http://127.0.0.1:1', ['--emulator=http://127.0.0.1:1']],
    ['--profile work whoami', ['--profile', 'work']],
    ['whoami --app=x --domain y --json', ['--app=x', '--domain', 'y']],
    ['request a --tenant job-18', ['--tenant', 'job-18']],
    ['request a -- --profile work', []],
  ])('finds the target in %s', (line, flags) => {
    expect(targetFlags(line.split(' '))).toEqual(flags);
  });

  it('carries the target into a command at the end, and nowhere else', () => {
    const argv = ['whoami', '--profile', 'work'];
    expect(withTarget('Log in with: stepup login', argv)).toBe('Log in with: stepup login --profile work');
    expect(withTarget('Make one with: stepup init', argv)).toBe('Make one with: stepup init');
    expect(withTarget('Run `stepup login` first.', argv)).toBe('Run `stepup login` first.');
    expect(withTarget('Log in with: stepup login', [])).toBe('Log in with: stepup login');
  });

  it('points at the help of the command that was typed', () => {
    expect(usageHint(['scope', 'add', 'a:b', '--mode', 'x'])).toBe('See how it is used with: stepup scope add --help');
    expect(usageHint('emulator clock advance 2x'.split(' '))).toContain(': stepup emulator clock advance --help');
    expect(usageHint(['explain', 'nofile'])).toContain(': stepup explain --help');
    expect(usageHint('--no-input --profile login emulator reset x'.split(' '))).toContain(
      ': stepup emulator reset --help',
    );
    expect(usageHint(['tutorail'])).toBe('See how it is used with: stepup --help');
    expect(usageHint([])).toBe('See how it is used with: stepup --help');
  });
});
