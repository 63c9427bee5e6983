export { addressRules, type AddressRules } from './address-rules.js';
export { defaultUriFilterOptions, uriFilter, type AllowedUri, type UriFilter, type UriFilterOptions } from './uri-filter.js';
