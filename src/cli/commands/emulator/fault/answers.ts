/** A fault, as the emulator shows it. */
import * as v from 'valibot';

export const faultSchema = v.object({
  id: v.string(),
  match: v.object({
    method: v.optional(v.string()),
    path: v.optional(v.string()),
    identity: v.optional(v.string()),
  }),
  times: v.optional(v.number()),
  everyNth: v.optional(v.number()),
  do: v.record(v.string(), v.unknown()),
  matched: v.number(),
  happened: v.number(),
});
export type FaultAnswer = v.InferOutput<typeof faultSchema>;

/** Which requests it meets, in words. */
export function matchInWords({ match, times, everyNth }: FaultAnswer): string {
  const { method, path, identity } = match;
  const which = [method, path, identity && `of ${identity}`].filter(Boolean).join(' ') || 'every request';
  return `${which}${everyNth === undefined ? '' : `, each ${ordinal(everyNth)}`}${times === undefined ? '' : `, ${times} in all`}`;
}

/** What it does, in words. */
export function actionInWords({ do: action }: FaultAnswer): string {
  return Object.entries(action)
    .filter(([name]) => name !== 'body' && name !== 'headers')
    .map(([name, value]) => (value === true ? name : `${name} ${String(value)}`))
    .join(', ');
}

function ordinal(number: number): string {
  const suffix = /(?<!1)[123]$/.exec(String(number))?.[0];
  return `${number}${suffix === '1' ? 'st' : suffix === '2' ? 'nd' : suffix === '3' ? 'rd' : 'th'}`;
}
