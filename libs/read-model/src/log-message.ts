/** A message of the log as it was read. */
export interface LogMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}
