import { expect, it } from 'vitest';
import { linkTo, placeIn } from '../../src/ui/place.js';

it.each([
  ['events', { view: 'events', tenant: '' }],
  ['events@worker-1', { view: 'events', tenant: 'worker-1' }],
  ['', { view: '', tenant: '' }],
])('#%s is a view and a tenant', (fragment, place) => {
  expect(placeIn(fragment)).toEqual(place);
  expect(linkTo(place)).toBe(`#${fragment}`);
});
