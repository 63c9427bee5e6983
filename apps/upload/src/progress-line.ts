/** One line that tells how far an upload is, written over itself twice a second. */
export interface ProgressLine {
  /** So many bytes are there, as the service says. */
  at(bytes: number): void;
  /** So many more were sent. */
  sent(bytes: number): void;
  /** Something that a person should see, on a line of its own. */
  note(text: string): void;
  end(): void;
}

export function progressLine(totalBytes: number, say: (text: string) => void, now: () => number = Date.now): ProgressLine {
  let bytes = 0;
  let toldAt = -Infinity;
  let since = { at: now(), bytes: 0 };
  const tell = (): void => {
    toldAt = now();
    const perSecond = (bytes - since.bytes) / Math.max(0.001, (toldAt - since.at) / 1000);
    const percent = totalBytes === 0 ? 100 : Math.floor(bytes / totalBytes * 100);
    const left = perSecond > 0 ? `, ${Math.ceil((totalBytes - bytes) / perSecond)} s left` : '';
    say(`\r${percent}% of ${mebibytes(totalBytes)} MiB, ${mebibytes(perSecond)} MiB/s${left}   `);
  };
  return {
    at(known) {
      bytes = known;
      since = { at: now(), bytes };
      tell();
    },
    sent(more) {
      bytes += more;
      if (now() - toldAt >= 500) tell();
    },
    note(text) { say(`\n${text}; trying again\n`); },
    end() {
      bytes = totalBytes;
      tell();
      say('\n');
    },
  };
}

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);
