/** Configuration documents of an application (kind `prelude-config`), each with the times of its making and last change. */
import { keyOf, type TenantPlace } from '../tenant-place.js';

/** A document as the service keeps and shows it. */
export type Dated<T> = T & { created_at: string; updated_at: string };

/** The document with this id, if there is one. */
export async function readDocument<T>(place: TenantPlace, id: string): Promise<Dated<T> | undefined> {
  return (await place.services.state.get<Dated<T>>(keyOf(place, 'prelude-config', id)))?.value;
}

/** Keeps the first document under an id. Undefined when there is one already. */
export async function createDocument<T extends object>(
  place: TenantPlace,
  id: string,
  document: T,
): Promise<Dated<T> | undefined> {
  const now = timestamp(place);
  const made: Dated<T> = { ...document, created_at: now, updated_at: now };
  return (await place.services.state.putIfAbsent(keyOf(place, 'prelude-config', id), made)) ? made : undefined;
}

/** Replaces the whole document. Undefined when there is none. */
export async function replaceDocument<T extends object>(
  place: TenantPlace,
  id: string,
  document: T,
): Promise<Dated<T> | undefined> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-config', id);
  for (;;) {
    const kept = await state.get<Dated<T>>(key);
    if (!kept) return undefined;
    const changed: Dated<T> = { ...document, created_at: kept.value.created_at, updated_at: timestamp(place) };
    if (await state.update(key, kept.version, changed)) return changed;
  }
}

/** Replaces the document or makes it. */
export async function saveDocument<T extends object>(place: TenantPlace, id: string, document: T): Promise<Dated<T>> {
  for (;;) {
    const saved = (await replaceDocument(place, id, document)) ?? (await createDocument(place, id, document));
    if (saved) return saved;
  }
}

/** Removes a document. False when there is none. */
export function deleteDocument(place: TenantPlace, id: string): Promise<boolean> {
  return place.services.state.delete(keyOf(place, 'prelude-config', id));
}

function timestamp(place: TenantPlace): string {
  return new Date(place.services.clock.now()).toISOString();
}
