export type { Decider } from './decider.js';
export { Problem, isProblemCode, problemCodes, type ProblemCode, type ProblemParams } from './problem.js';
export {
  clearableAttributes, evolveImage, noImage, type Attempt, type Image, type ImageAttributes, type ImageDataFacts, type ImageEvent, type ImageState,
  type Member, type NoImage, type UploadFailure,
} from './image/image.js';
export { imageDecider, type ImageCommand, type ImageCommandEnvelope, type ImageDecider } from './image/image.commands.js';
export type { ImageLimits } from './image/image.limits.js';
export type { PropertyChange } from './image/image.properties.js';
export {
  imageStatuses, memberStatuses, visibilities, type ImageStatus, type MemberStatus, type Visibility,
} from './image/image.status.js';
