import { useContext, useState } from 'preact/hooks';
import { AnnounceContext } from './contexts.js';

export interface Action {
  /** Does it; false when it was refused. What was done is announced, what went wrong is kept in `fault`. */
  run(done: string, work: () => Promise<unknown>): Promise<boolean>;
  /** Why the last one did not work; empty when it did. */
  fault: string;
  busy: boolean;
}

/** Something that a person asks of the emulator. */
export function useAction(): Action {
  const announce = useContext(AnnounceContext);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const run = async (done: string, work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    try {
      await work();
      setFault('');
      announce(done);
      return true;
    } catch (error) {
      const isUnanswered = error instanceof TypeError;
      setFault(
        isUnanswered ? 'The emulator cannot be reached.' : error instanceof Error ? error.message : String(error),
      );
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { run, fault, busy };
}
