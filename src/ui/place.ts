/** What the address says of the page: `events`, or `events@worker-1` for another tenant than the default one. */

export interface Place {
  view: string;
  /** Empty for the default tenant. */
  tenant: string;
}

/** Reads an address's fragment, without its `#`. */
export function placeIn(fragment: string): Place {
  const [view = '', tenant = ''] = fragment.split('@');
  return { view, tenant };
}

/** The fragment of a place, with its `#`. */
export function linkTo({ view, tenant }: Place): string {
  return tenant === '' ? `#${view}` : `#${view}@${tenant}`;
}
