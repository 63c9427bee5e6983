export type { Answer } from './answer.js';
export { configuredReach, type ReachOptions } from './configured-reach.js';
export { addressRules, type AddressRules } from './address-rules.js';
export { defaultUriFilterOptions, uriFilter, type AllowedUri, type UriFilter, type UriFilterOptions } from './uri-filter.js';
export { throwIfOutOfReach, type Reach, type Resolver } from './pinned-connection.js';
export { withoutSecrets, type Hop } from './redirects.js';
export type { DownloadOptions, Received } from './download-options.js';
export { openPart, type Part, type PartOptions } from './part.js';
export { openDownload, type Download } from './resumable-download.js';
