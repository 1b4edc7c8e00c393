/** A YAML or JSON text whose values know their line. */
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

/** Line and column, both from 1. */
export interface Position {
  line: number;
  column: number;
}

/** What is neither YAML nor JSON, and where. */
export class SourceProblem extends Error {
  constructor(
    readonly position: Position,
    message: string,
  ) {
    super(message);
  }
}

export interface Source {
  value: unknown;
  /** Where the value of a path stands (a member: where its name does), or the nearest one around it that is there. */
  positionOf(path: readonly (string | number)[]): Position;
}

/** Aliases that one document may resolve, against those that grow without end. */
const MAX_ALIASES = 1000;

/**
 * Reads a text as YAML 1.2, of which JSON is a part. A number is what JSON takes for one: `+33612345678` and `042424` are texts.
 * Throws SourceProblem, also for a name that one object has twice.
 */
export function readSource(text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    customTags: (tags) => [
      ...tags.filter((tag) => typeof tag === 'string' || !/:(?:int|float)$/.test(tag.tag)),
      { ...NUMBER, tag: 'tag:yaml.org,2002:int', test: /^-?(?:0|[1-9]\d*)$/ },
      { ...NUMBER, tag: 'tag:yaml.org,2002:float', test: /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/ },
    ],
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [problem] = document.errors;
  // The parser's words for this one are for whoever programs with it.
  const several = problem?.code === 'MULTIPLE_DOCS' ? 'there is more than one document' : undefined;
  if (problem) throw new SourceProblem(at(problem.pos[0]), several ?? firstLine(problem.message));
  return { value: valueOf(document, at), positionOf: (path) => at(offsetOf(document.contents, path)) };
}

const NUMBER = { default: true, resolve: (text: string) => Number(text) };

function valueOf(document: Document.Parsed, at: (offset: number) => Position): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // Its own message names the alias and nothing of the document.
    if (error instanceof ReferenceError) throw new SourceProblem(at(0), firstLine(error.message));
    throw error;
  }
}

function offsetOf(contents: Node | null, path: readonly (string | number)[]): number {
  let node: unknown = contents;
  let offset = contents?.range?.[0] ?? 0;
  for (const name of path) {
    const entry = entryOf(node, name);
    if (!entry) break;
    offset = entry.offset;
    node = entry.value;
  }
  return offset;
}

function entryOf(node: unknown, name: string | number): { offset: number; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(name)] as Node | undefined;
    return value?.range ? { offset: value.range[0], value } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(name));
  if (!isPair(pair) || !isScalar(pair.key) || !pair.key.range) return undefined;
  return { offset: pair.key.range[0], value: pair.value };
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/[.:]$/, '');
}
