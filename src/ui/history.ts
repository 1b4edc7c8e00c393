/** Events after which a tenant's past is another one. */
import type { Event } from './wire.js';

/** True for a reset, an import, and a snapshot that was restored: events and messages before it are gone, or others. */
export function isOtherHistory({ type, change }: Event): boolean {
  return (
    (type === 'state' && (change === 'cleared' || change === 'imported')) ||
    (type === 'snapshot' && change === 'restored')
  );
}
