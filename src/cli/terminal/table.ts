/** Rows for a person (aligned, with a heading) or for a pipe (tab-separated, without). */

export interface Column<Row> {
  title: string;
  value(row: Row): string;
}

/** Tab-separated values, one row a line; tabs and line ends inside a value become spaces. */
export function tabbed<Row>(columns: Column<Row>[], rows: Row[]): string {
  return rows.map((row) => columns.map(({ value }) => value(row).replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}

/** An aligned table with a heading, without borders. */
export async function aligned<Row>(
  columns: Column<Row>[],
  rows: Row[],
  heading: (text: string) => string,
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: columns.map(({ title }) => heading(title)),
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) table.push(columns.map(({ value }) => value(row)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const noBorders = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);
