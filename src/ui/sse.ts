/** Server-sent events as the control API sends them, out of a text that comes in pieces. */

export interface Handlers {
  /** The data of one event. */
  data(text: string): void;
  comment(text: string): void;
}

/** Takes pieces of a stream in their order. Lines end with LF, as the control API writes them. */
export function createSseReader({ data, comment }: Handlers): (piece: string) => void {
  let rest = '';
  let lines: string[] = [];
  const take = (line: string): void => {
    if (line.startsWith(':')) return comment(line.slice(1).trim());
    if (line.startsWith('data:')) return void lines.push(line.slice(5).replace(/^ /, ''));
    if (line !== '' || lines.length === 0) return;
    data(lines.join('\n'));
    lines = [];
  };
  return (piece) => {
    const all = (rest + piece).split('\n');
    rest = all.pop() ?? '';
    all.forEach(take);
  };
}
