/** Parses an option of commander that may be repeated: the value goes behind those before it. */
export function collect(value: string, all: string[] = []): string[] {
  return [...all, value];
}
