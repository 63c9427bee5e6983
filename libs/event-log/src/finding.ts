/**
 * `missing`: there is no message at a sequence. `broken-chain`: a commit does not follow from the one before it: that one was altered, or commits between are gone.
 * `foreign`: a message that is no successor of anything here. `altered`: other bytes than what was kept outside of the log knows of, the tail or a digest. `cut`: a digest knows of more than there is.
 */
export interface Finding {
  readonly kind: 'missing' | 'broken-chain' | 'foreign' | 'altered' | 'cut';
  readonly sequence: number;
  readonly subject?: string;
  readonly version?: number;
  /** What was found and which message it points to, as a sentence for the operator. */
  readonly detail: string;
}
