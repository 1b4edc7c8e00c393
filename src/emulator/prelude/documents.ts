/** Configuration documents of an application (kind `prelude-config`), each with the times of its making and last change. */
import { keyOf, type TenantPlace } from '../tenant-place.js';

/** A document as the service keeps and shows it. */
export type Dated<T> = T & { created_at: string; updated_at: string };

/** Which document, with what an application has of it before anybody has touched it, if anything. */
export interface DocumentName<T> {
  id: string;
  initial?: T | undefined;
}

/** In place of a removed document, so that the initial one does not come back. */
interface Removed {
  removed: true;
}

type Kept<T> = Dated<T> | Removed;

/** What dates an initial document: before all that was made. */
const BEGINNING = new Date(0).toISOString();

/** The document, if there is one. */
export async function readDocument<T extends object>(
  place: TenantPlace,
  name: DocumentName<T>,
): Promise<Dated<T> | undefined> {
  const kept = await place.services.state.get<Kept<T>>(keyOf(place, 'prelude-config', name.id));
  if (kept) return 'removed' in kept.value ? undefined : kept.value;
  return name.initial && { ...name.initial, created_at: BEGINNING, updated_at: BEGINNING };
}

/** Keeps the first document under a name, in place of the initial one. Undefined when there is one that somebody has made. */
export async function createDocument<T extends object>(
  place: TenantPlace,
  { id }: DocumentName<T>,
  document: T,
): Promise<Dated<T> | undefined> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', id);
  const now = timestamp(place);
  const made: Dated<T> = { ...document, created_at: now, updated_at: now };
  for (;;) {
    const kept = await state.get<Kept<T>>(key);
    if (kept && !('removed' in kept.value)) return undefined;
    const written = kept ? await state.update(key, kept.version, made) : await state.putIfAbsent(key, made);
    if (written) return made;
  }
}

/** Replaces the whole document. Undefined when there is none. */
export async function replaceDocument<T extends object>(
  place: TenantPlace,
  name: DocumentName<T>,
  document: T,
): Promise<Dated<T> | undefined> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', name.id);
  for (;;) {
    const kept = await state.get<Kept<T>>(key);
    if (kept ? 'removed' in kept.value : !name.initial) return undefined;
    const now = timestamp(place);
    const createdAt = kept && 'created_at' in kept.value ? kept.value.created_at : now;
    const changed: Dated<T> = { ...document, created_at: createdAt, updated_at: now };
    const written = kept ? await state.update(key, kept.version, changed) : await state.putIfAbsent(key, changed);
    if (written) return changed;
  }
}

/** Replaces the document or makes it. */
export async function saveDocument<T extends object>(
  place: TenantPlace,
  name: DocumentName<T>,
  document: T,
): Promise<Dated<T>> {
  for (;;) {
    const saved = (await replaceDocument(place, name, document)) ?? (await createDocument(place, name, document));
    if (saved) return saved;
  }
}

/** Removes a document. False when there is none. */
export async function deleteDocument<T extends object>(place: TenantPlace, name: DocumentName<T>): Promise<boolean> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', name.id);
  if (!name.initial) return state.delete(key);
  const removed: Removed = { removed: true };
  for (;;) {
    const kept = await state.get<Kept<T>>(key);
    if (kept && 'removed' in kept.value) return false;
    const written = kept ? await state.update(key, kept.version, removed) : await state.putIfAbsent(key, removed);
    if (written) return true;
  }
}

function timestamp(place: TenantPlace): string {
  return new Date(place.services.clock.now()).toISOString();
}
