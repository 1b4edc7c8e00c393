/** Where everything lies that the tool keeps. */
import { isAbsolute, join, resolve } from 'node:path';
import type { Env } from './system.js';

/** `STEPUP_HOME`, or `stepup` in the user's configuration folder. */
export async function homeFolder(env: Env): Promise<string> {
  if (env.STEPUP_HOME) return resolve(env.STEPUP_HOME);
  // The XDG specification: a path that is not absolute is to be ignored.
  if (env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME)) return join(env.XDG_CONFIG_HOME, 'stepup');
  const { default: envPaths } = await import('env-paths');
  return envPaths('stepup', { suffix: '' }).config;
}
