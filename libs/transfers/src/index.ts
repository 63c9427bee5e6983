export { acceptInspected, formatRules, isRefusedForFormat, watchFormat, type FormatClaim, type FormatRules, type FormatWatch } from './data-format.js';
export { dataRemoval, removalLoop, type DataRemoval, type RemovalParts } from './data-removal.js';
export { importPlugins, importPluginsIn, type ImportPlugin } from './import-plugins.js';
export { progressMeter, type MeteredTransfer, type ProgressMeter } from './progress-meter.js';
export { stagedFates, sweepStaging, type StagedFate, type StagingSweepOptions, type StagingSweepParts, type Swept } from './staging-sweep.js';
export { requestedRange, type DataRange } from './range-header.js';
export { ensureSameLease } from './same-lease.js';
export { uploads, type UploadParts, type Uploads } from './uploads.js';
export { transferData, type SentAs, type Transfer, type TransferKind, type TransferParts } from './transfer-data.js';
