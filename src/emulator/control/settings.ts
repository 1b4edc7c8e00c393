/** `/settings`: the switches that the reference leaves open. */
import { Hono } from 'hono';
import { SettingsPatch } from '../settings.js';
import type { Controlled, ControlEnv } from './control.js';
import { readBody } from './input.js';

/** GET shows all settings, PATCH changes those that it names and shows all. An unknown name is refused. */
export function settingsCalls({ settings }: Controlled): Hono<ControlEnv> {
  const app = new Hono<ControlEnv>();
  app.get('/', async (c) => c.json(await settings.read(c.var.tenant.id)));
  app.patch('/', async (c) => c.json(await settings.patch(c.var.tenant.id, await readBody(c, SettingsPatch))));
  return app;
}
