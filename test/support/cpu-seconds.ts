/**
 * How long this process has computed so far, in seconds. Time that other processes take does not count, so a test may bound it where
 * work that grows with the square of its input would take a hundred times as long.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}
