/** The page's outside world, as its parts see it. */

export interface Browser {
  fetch(input: URL, init: RequestInit): Promise<Response>;
  /** Milliseconds since the epoch, by this machine's clock. */
  now(): number;
  /** Calls later, milliseconds from now; returns what calls it off. */
  later(ms: number, work: () => void): () => void;
  /** Address of the control API. */
  controlUrl: string;
  /** The address's fragment, without its `#`. */
  fragment(): string;
  onFragment(listener: () => void): () => void;
  /** Goes to a fragment, with its `#`. */
  go(link: string): void;
  /** Called whenever an address with a token is opened in this window. */
  onToken(listener: (token: string) => void): () => void;
  /** The token of this window, which a reload keeps; undefined where there is none. */
  token(): string | undefined;
  keepToken(token: string | undefined): void;
  isHidden(): boolean;
  onShown(listener: () => void): () => void;
  /** Puts a text on the clipboard. False when the browser does not let us. */
  copy(text: string): Promise<boolean>;
  title(text: string): void;
}
