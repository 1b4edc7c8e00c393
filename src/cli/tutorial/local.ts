/** The walk on an emulator of its own: no account, no phone, no network, nothing left behind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProviderName } from '../../providers/provider.js';
import type { Context } from '../context.js';
import { createStage } from './stage.js';
import { ownWorld } from './world.js';

export interface LocalOptions {
  provider: ProviderName;
  scope: string;
  interactive: boolean;
}

/** Plays the walk. Throws StepFailed when a step fails; whatever was started is stopped and removed in any case. */
export async function walkLocally(context: Context, { provider, scope, interactive }: LocalOptions): Promise<void> {
  const home = await mkdtemp(join(context.system.temporary, 'stepup-tutorial-'));
  const stage = createStage(context, {
    flags: provider === 'dynamic' ? ['--emulator', '--provider', 'dynamic'] : ['--emulator'],
    world: ownWorld(context.system, home, interactive),
    interactive,
  });
  try {
    if (provider === 'dynamic') {
      const { playDynamic } = await import('./dynamic.js');
      await playDynamic(stage, context.system, { scope, interactive });
    } else {
      const { playPrelude } = await import('./prelude.js');
      await playPrelude(stage, { scope, interactive, home });
    }
  } finally {
    await stage.close();
    await rm(home, { recursive: true, force: true });
  }
}
