/** Where the step-up configuration is kept: one an application. */
import { keyOf } from '../tenant-place.js';
import type { Place } from './parts.js';
import type { StepUpConfig, StepUpDocument } from './step-up-config.js';

/** The configuration, if there is one. */
export async function readStepUpConfig(place: Place): Promise<StepUpConfig | undefined> {
  return (await place.services.state.get<StepUpConfig>(documentKey(place)))?.value;
}

/** Keeps the first configuration. Undefined when there is one already. */
export async function createStepUpConfig(place: Place, document: StepUpDocument): Promise<StepUpConfig | undefined> {
  const now = timestamp(place);
  const config: StepUpConfig = { ...document, created_at: now, updated_at: now };
  return (await place.services.state.putIfAbsent(documentKey(place), config)) ? config : undefined;
}

/** Prelude: replaces the whole configuration. Undefined when there is none. */
export async function replaceStepUpConfig(place: Place, document: StepUpDocument): Promise<StepUpConfig | undefined> {
  const { state } = place.services;
  for (;;) {
    const kept = await state.get<StepUpConfig>(documentKey(place));
    if (!kept) return undefined;
    const config: StepUpConfig = { ...document, created_at: kept.value.created_at, updated_at: timestamp(place) };
    if (await state.update(documentKey(place), kept.version, config)) return config;
  }
}

/** Removes the configuration. False when there is none. */
export function deleteStepUpConfig(place: Place): Promise<boolean> {
  return place.services.state.delete(documentKey(place));
}

function timestamp(place: Place): string {
  return new Date(place.services.clock.now()).toISOString();
}

function documentKey(place: Place): { tenant: string; kind: string; id: string } {
  return keyOf(place, 'prelude-config', 'stepup');
}
