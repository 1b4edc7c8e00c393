/** Where the step-up configuration is kept: one an application. */
import { createDocument, deleteDocument, readDocument, replaceDocument, type DocumentName } from './documents.js';
import type { TenantPlace } from '../tenant-place.js';
import type { StepUpConfig, StepUpDocument } from './step-up-config.js';

const DOCUMENT: DocumentName<StepUpDocument> = { id: 'stepup' };

/** The configuration, if there is one. */
export function readStepUpConfig(place: TenantPlace): Promise<StepUpConfig | undefined> {
  return readDocument(place, DOCUMENT);
}

/** Keeps the first configuration. Undefined when there is one already. */
export function createStepUpConfig(place: TenantPlace, document: StepUpDocument): Promise<StepUpConfig | undefined> {
  return createDocument(place, DOCUMENT, document);
}

/** Prelude: replaces the whole configuration. Undefined when there is none. */
export function replaceStepUpConfig(place: TenantPlace, document: StepUpDocument): Promise<StepUpConfig | undefined> {
  return replaceDocument(place, DOCUMENT, document);
}

/** Removes the configuration. False when there is none. */
export function deleteStepUpConfig(place: TenantPlace): Promise<boolean> {
  return deleteDocument(place, DOCUMENT);
}
