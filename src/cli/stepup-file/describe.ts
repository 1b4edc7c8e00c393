/** The difference between an application and a stepup.json, as lines for a person. */
import type { Style } from '../terminal/style.js';
import { SECTIONS } from './document.js';
import type { Change, FieldChange } from './changes.js';

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;

/** Section by section; what is added, changed field by field, removed. */
export function describeChanges(changes: Change[], style: Style): string {
  return SECTIONS.flatMap((section) => {
    const own = changes.filter((change) => change.section === section);
    return own.length === 0 ? [] : [style.bold(section), ...own.flatMap((change) => linesOf(change, style))];
  }).join('\n');
}

/** `2 added, 1 changed, 1 removed`. */
export function countChanges(changes: Change[]): string {
  return (['added', 'changed', 'removed'] as const)
    .map((kind) => [changes.filter(({ change }) => change === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} ${kind}`)
    .join(', ');
}

function linesOf({ item, id, change, fields }: Change, style: Style): string[] {
  const colour = { added: style.good, changed: style.mark, removed: style.bad }[change];
  const head = `  ${colour(`${SIGNS[change]} ${item}`)}${id === undefined ? '' : ` ${style.dim(id)}`}`;
  return [head, ...fields.map((field) => `      ${fieldLine(field)}`)];
}

function fieldLine({ field, ...values }: FieldChange): string {
  const told = (value: unknown): string => JSON.stringify(value);
  const name = field === '' ? '' : `${field}: `;
  if (!('before' in values)) return `${name}${told(values.after)}`;
  if (!('after' in values)) return `${name}${told(values.before)} -> nothing`;
  return `${name}${told(values.before)} -> ${told(values.after)}`;
}
