import { encodeCommit, imageSubject, type ImageCommandAnswer, type ImageCommandMessage } from '#libs/contracts';
import { Problem, type Image, type ImageDecider, type ImageEvent, type ImageState } from '#libs/domain';
import { imageFolding } from './aggregate.js';
import { createExecutorOf, type Admission, type AggregateRules, type AnyExecutor, type ExecutorSettings, type Withdraw } from './execute-any.js';

export type ImageAdmission = Admission<ImageState, ImageCommandMessage, ImageEvent>;
export interface ExecutorOptions extends ExecutorSettings {
  readonly decider: ImageDecider;
  /** Reserves what a commit is about to use. Refuses: LimitReached. */
  readonly admit?: (admission: ImageAdmission) => Promise<Withdraw>;
}
export type Executor = AnyExecutor<ImageCommandMessage, ImageCommandAnswer>;

const endsThings: ReadonlySet<string> = new Set(['DeleteImage', 'FailImageDataUpload', 'RecordImageDataRemoved', 'DeactivateImage', 'RemoveMember', 'EndImageRetention']);

const imageRules = ({ decider, admit }: ExecutorOptions): AggregateRules<ImageState, ImageCommandMessage, ImageEvent, ImageCommandAnswer> => ({
  folding: imageFolding,
  idOf: ({ envelope }) => envelope.imageId,
  subjectOf: imageSubject,
  decide: (envelope, state) => decider.decide(envelope, state),
  encode: encodeCommit,
  ...(admit ? { admit } : {}),
  beginsNew: (commandType) => commandType === 'CreateImage',
  endsThings: (commandType) => endsThings.has(commandType),
  answer(sequence, { id, version, state }) {
    if (!state.exists) throw new Error(`the commits of ${id} leave no image`);
    return { sequence, version, image: state satisfies Image };
  },
  refusals: {
    conflict: ({ envelope: { imageId } }) => new Problem('Conflict', { imageId }),
    historyTooLong: ({ envelope: { imageId } }, limit) => new Problem('HistoryTooLong', { imageId, limit }),
  },
});

/** Carries out commands on images. */
export const createExecutor = (options: ExecutorOptions): Executor => createExecutorOf(imageRules(options), options);
